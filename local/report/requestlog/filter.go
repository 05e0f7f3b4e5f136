package requestlog

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// Outcomes of a whole request, in addition to Passed and Stopped.
const (
	// Left is a request whose client hung up.
	Left Outcome = "left"
)

// Outcome is how the request ended: Passed, Stopped or Left.
func (p Passage) Outcome() Outcome {
	switch {
	case p.HungUp:
		return Left
	case p.StoppedBy != 0:
		return Stopped
	default:
		return Passed
	}
}

// maxText bounds a search, in bytes.
const maxText = 200

// Filter chooses requests; its zero value fits all.
type Filter struct {
	// Text are words that all occur in the request's address, rule, client or reasons,
	// in any case.
	Text string
	// Layer is the layer that stopped it, 0 for any.
	Layer int
	// Outcome is Passed, Stopped or Left; empty for any.
	Outcome Outcome
	// Status is a status such as "403", or a class such as "4xx"; empty for any.
	Status string
	// Method is a method such as "POST"; empty for any.
	Method string

	words []string
}

// ParseFilter reads a filter from a query: text, layer, outcome, status, method. An
// error says what is wrong and what is allowed.
func ParseFilter(query url.Values) (Filter, error) {
	f := Filter{
		Text: strings.TrimSpace(query.Get("text")), Outcome: Outcome(query.Get("outcome")),
		Status: strings.ToLower(query.Get("status")), Method: strings.ToUpper(query.Get("method")),
	}
	if len(f.Text) > maxText {
		return Filter{}, fmt.Errorf("text is longer than %d bytes", maxText)
	}
	f.words = strings.Fields(strings.ToLower(f.Text))
	if text := query.Get("layer"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || layer.Name(number) == "" {
			return Filter{}, fmt.Errorf("layer %.20q is not valid: 1 to %d, or nothing for any", text, layer.Observability)
		}
		f.Layer = number
	}
	if !slices.Contains([]Outcome{"", Passed, Stopped, Left}, f.Outcome) {
		return Filter{}, fmt.Errorf("outcome %.20q is not valid: passed, stopped or left, or nothing for any", f.Outcome)
	}
	if !statusForm(f.Status) {
		return Filter{}, fmt.Errorf("status %.20q is not valid: three digits such as 403, a class such as 4xx, or nothing for any", f.Status)
	}
	if len(f.Method) > maxMethod {
		return Filter{}, fmt.Errorf("method is longer than %d bytes", maxMethod)
	}
	return f, nil
}

func statusForm(text string) bool {
	if text == "" || text == "0" {
		return true
	}
	if len(text) != 3 || text[0] < '1' || text[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(text)
	return err == nil || text[1:] == "xx"
}

// Match says whether a request fits.
func (f Filter) Match(k *Kept) bool {
	if f.Layer != 0 && k.StoppedBy != f.Layer || f.Outcome != "" && k.Outcome() != f.Outcome || f.Method != "" && !strings.EqualFold(k.Method, f.Method) {
		return false
	}
	if f.Status != "" {
		status := strconv.Itoa(k.Status)
		if status != f.Status && (!strings.HasSuffix(f.Status, "xx") || k.Status/100 != int(f.Status[0]-'0')) {
			return false
		}
	}
	for _, word := range f.words {
		if !strings.Contains(k.words, word) {
			return false
		}
	}
	return true
}
