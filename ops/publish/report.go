package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// files are what a preview left.
type files struct{ stack, preview, inventory, checklist string }

// share is how long each text may be, so that two stacks fit into one comment.
const share = 14000

func (f files) report(w io.Writer) error {
	preview, err := text(f.preview)
	if err != nil {
		return err
	}
	inventory, err := text(f.inventory)
	if err != nil {
		return err
	}
	checklist, err := text(f.checklist)
	if err != nil {
		return err
	}
	if inventory == "" {
		inventory = "The reviewed inventory does not change.\n"
	} else {
		inventory = folded("Inventory", "diff", inventory)
	}
	_, err = fmt.Fprintf(w, "## Stack %s\n\n%s\n\n%s\n%s", f.stack, strings.TrimSpace(checklist), folded("Preview: "+summary(preview), "text", preview), inventory)
	return err
}

func (f files) drift(w io.Writer) error {
	preview, err := text(f.preview)
	if err != nil {
		return err
	}
	what := "could not be compared"
	// https://github.com/pulumi/pulumi: the CLI's answer to --expect-no-changes.
	if strings.Contains(preview, "no changes were expected") {
		what = "differs from the program"
	}
	_, err = fmt.Fprintf(w, "## Stack %s %s\n\n%s", f.stack, what, folded(summary(preview), "text", preview))
	return err
}

// summary is the last line that counts, such as "2 to update, 80 unchanged".
func summary(preview string) string {
	found := []string{}
	for line := range strings.Lines(preview) {
		trimmed := strings.TrimSpace(line)
		for _, word := range []string{" to create", " to update", " to delete", " to replace", " unchanged"} {
			if strings.HasSuffix(trimmed, word) {
				found = append(found, trimmed)
				break
			}
		}
	}
	if len(found) == 0 {
		return "no changes are counted"
	}
	return strings.Join(found, ", ")
}

// folded is a text that a reader opens, in a fence that nothing in it can close.
func folded(title, language, content string) string {
	runes := []rune(content)
	if len(runes) > share {
		content = string(runes[:share]) + "\n… cut; the whole text is in the workflow's log\n"
	}
	fence := "```"
	for strings.Contains(content, fence) {
		fence += "`"
	}
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s%s\n%s\n%s\n\n</details>\n", title, fence, language, strings.TrimRight(content, "\n"), fence)
}

// text is a file's content, empty when the step did not run.
func text(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	return string(content), err
}
