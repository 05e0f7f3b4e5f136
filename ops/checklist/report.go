package checklist

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Score counts outcomes.
type Score struct {
	// Points are the items that pass, of those that a plan can prove: 0 to 100,
	// rounded down.
	Points        int `json:"points"`
	Passed        int `json:"passed"`
	Failed        int `json:"failed"`
	Runtime       int `json:"runtime"`
	NotApplicable int `json:"notApplicable"`
}

// Report is both lists, evaluated.
type Report struct {
	Stack        string   `json:"stack"`
	Score        Score    `json:"score"`
	Design       []Result `json:"design"`
	CheckovScore Score    `json:"checkovScore"`
	Checkov      []Result `json:"checkov"`
	Skipped      []Skip   `json:"skipped"`
}

// New evaluates the plans by both lists.
func New(plans Plans) Report {
	r := Report{Stack: plans.Now.Stack, Design: Judge(plans, Design()), Checkov: Judge(plans, Checkov()), Skipped: Skipped()}
	r.Score, r.CheckovScore = count(r.Design), count(r.Checkov)
	return r
}

func count(results []Result) (s Score) {
	for _, r := range results {
		switch r.Status {
		case Pass:
			s.Passed++
		case Fail:
			s.Failed++
		case Runtime:
			s.Runtime++
		case NotApplicable:
			s.NotApplicable++
		}
	}
	if evaluated := s.Passed + s.Failed; evaluated > 0 {
		s.Points = 100 * s.Passed / evaluated
	}
	return s
}

// Failed are the ids of all items that fail.
func (r Report) Failed() (ids []string) {
	for _, result := range slices.Concat(r.Design, r.Checkov) {
		if result.Status == Fail {
			ids = append(ids, result.ID)
		}
	}
	return ids
}

// JSON writes everything.
func (r Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// Text writes a table for a terminal.
func (r Report) Text(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	section := ""
	for _, result := range slices.Concat(r.Design, r.Checkov) {
		if result.Section != section {
			section = result.Section
			fmt.Fprintf(table, "\n%s\t\t\n", strings.ToUpper(section))
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", result.Status, result.Text, strings.Join(result.because(), "; "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nstack %s: %s\ncheckov: %s\n", r.Stack, r.Score, r.CheckovScore)
	return err
}

// String is the score in a sentence.
func (s Score) String() string {
	return fmt.Sprintf("%d/100: %d pass and %d fail by the plan, %d are proved by tests at run time, %d do not apply",
		s.Points, s.Passed, s.Failed, s.Runtime, s.NotApplicable)
}

// because is why an item has its status, as short as possible.
func (r Result) because() (reasons []string) {
	switch r.Status {
	case Pass:
		reasons = []string{fmt.Sprintf("by %d properties", len(r.Evidence))}
		if r.Note != "" {
			reasons = append(reasons, r.Note)
		}
	case Fail:
		for _, e := range r.Evidence {
			if !e.Met {
				reasons = append(reasons, e.String())
			}
		}
	case Runtime:
		for _, t := range r.Tests {
			reasons = append(reasons, t.String())
		}
	case NotApplicable:
		reasons = []string{r.Why}
	}
	return reasons
}

// String describes the finding in a sentence.
func (e Evidence) String() string {
	return fmt.Sprintf("%s %s is %s, wanted: %s", e.Resource, e.Path, brief(e.Found), e.Wanted)
}

// brief is a value on one line, cut where it becomes long.
func brief(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	const most = 120
	if text := []rune(string(encoded)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(encoded)
}
