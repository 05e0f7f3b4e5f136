package page

import (
	"regexp"
	"strings"
)

// Block is a part of a playbook: a heading, a paragraph, an entry of a list, or a
// command. It is the little of Markdown that the playbooks use.
type Block struct {
	// Kind is title, heading, text, item, step or code.
	Kind  string
	Spans []Span
	// Number is a step's, for example "1.".
	Number string
	// Inside says that it belongs to the entry before.
	Inside bool

	source string
}

// Span is a part of a text.
type Span struct {
	Text string
	Code bool
	// Playbook is the file of another playbook that the text leads to, if any.
	Playbook string
}

// blocks reads a playbook.
func blocks(markdown string) []Block {
	var all []Block
	var code []string
	fenced := false
	add := func(kind, text string, inside bool) {
		all = append(all, Block{Kind: kind, source: text, Inside: inside})
	}
	for line := range strings.Lines(markdown) {
		text, indented := strings.TrimSpace(line), strings.HasPrefix(line, "  ")
		number := numbered(text)
		switch {
		case strings.HasPrefix(text, "```"):
			if fenced {
				all = append(all, Block{Kind: "code", Spans: []Span{{Text: strings.Join(code, "\n")}}, Inside: indented})
			}
			fenced, code = !fenced, nil
		case fenced:
			code = append(code, text)
		case text == "":
			add("", "", false) // ends what came before
		case strings.HasPrefix(text, "# "):
			add("title", text[2:], false)
		case strings.HasPrefix(text, "## "):
			add("heading", text[3:], false)
		case strings.HasPrefix(text, "- "):
			add("item", text[2:], indented)
		case number != "":
			add("step", strings.TrimSpace(text[len(number):]), false)
			all[len(all)-1].Number = number
		case len(all) > 0 && continuesBlock(all[len(all)-1].Kind):
			all[len(all)-1].source += " " + text
		default:
			add("text", text, indented)
		}
	}
	var kept []Block
	for _, b := range all {
		if b.source != "" {
			b.Spans = spans(b.source)
		}
		if b.Kind != "" {
			kept = append(kept, b)
		}
	}
	return kept
}

// continuesBlock says whether a line without a mark continues a block of this kind.
func continuesBlock(kind string) bool { return kind == "text" || kind == "item" || kind == "step" }

// numbered is the number that a text begins with, "12.", or nothing.
func numbered(text string) string {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits == 0 || !strings.HasPrefix(text[digits:], ". ") {
		return ""
	}
	return text[:digits+1]
}

// marked is code in backticks, or a link.
var marked = regexp.MustCompile("`([^`]+)`|\\[([^\\]]+)\\]\\(([^)\\s]+)\\)")

// spans finds code and links in a text. Of links only those to other playbooks lead
// anywhere here.
func spans(text string) (all []Span) {
	for text != "" {
		at := marked.FindStringSubmatchIndex(text)
		if at == nil {
			return append(all, Span{Text: text})
		}
		if at[0] > 0 {
			all = append(all, Span{Text: text[:at[0]]})
		}
		if at[2] >= 0 {
			all = append(all, Span{Text: text[at[2]:at[3]], Code: true})
		} else {
			link := Span{Text: text[at[4]:at[5]]}
			if to := text[at[6]:at[7]]; strings.HasSuffix(to, ".md") && !strings.Contains(to, "/") {
				link.Playbook = to
			}
			all = append(all, link)
		}
		text = text[at[1]:]
	}
	return all
}
