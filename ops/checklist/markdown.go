package checklist

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes the report for a reader: each item with what proves it.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Security checklist of stack %s\n\n", r.Stack)
	fmt.Fprintf(&b, "**%s**\n\nCheckov's checks of the same resources: %s\n", r.Score, r.CheckovScore)
	writeSections(&b, r.Design)
	writeSections(&b, r.Checkov)
	b.WriteString("\n## Checkov's checks that are not made\n\n| Checks | Why |\n|---|---|\n")
	for _, skip := range r.Skipped {
		why := skip.Why
		if len(skip.Kinds) > 0 {
			why += " (" + strings.Join(skip.Kinds, ", ") + ")"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(skip.IDs, ", "), cell(why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary writes the score and what fails, for a comment.
func (r Report) Summary(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Security checklist: **%s**. Checkov: %s.\n", r.Score, r.CheckovScore)
	for _, result := range append(append([]Result{}, r.Design...), r.Checkov...) {
		if result.Status == Fail {
			fmt.Fprintf(&b, "- :x: %s: %s\n", result.Text, cell(strings.Join(result.because(), "; ")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeSections(b *strings.Builder, results []Result) {
	section := ""
	for _, result := range results {
		if result.Section != section {
			section = result.Section
			fmt.Fprintf(b, "\n## %s\n\n| Item | Status | Proved by |\n|---|---|---|\n", section)
		}
		text := result.Text
		if result.Section == checkovSection {
			text = result.ID + ": " + text
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", cell(text), result.Status, proof(result))
	}
}

func proof(r Result) string {
	var lines []string
	for _, e := range r.Evidence {
		mark := ""
		if !e.Met {
			mark = "**not met** "
		}
		lines = append(lines, fmt.Sprintf("%s`%s` `%s` = `%s`", mark, cell(e.Resource), cell(e.Path), cell(brief(e.Found))))
	}
	for _, t := range r.Tests {
		lines = append(lines, "test: "+cell(t.String()))
	}
	for _, text := range []string{r.Why, r.Note} {
		if text != "" {
			lines = append(lines, cell(text))
		}
	}
	return strings.Join(lines, "<br>")
}

// cell keeps a text in its cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "`", "'").Replace(text)
}
