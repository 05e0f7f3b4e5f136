package page

import (
	"fmt"
	"slices"
	"strings"
)

// Banner says in one line how the cloud is.
type Banner struct {
	// Level is good, bad, or idle when nothing is declared.
	Level      string      `json:"level"`
	Title      string      `json:"title"`
	Conditions []Condition `json:"conditions"`
}

// summaries are how kinds are counted in a banner, in its order: for one, and for
// more.
func summaries() []struct {
	kind      Kind
	one, more string
} {
	return []struct {
		kind      Kind
		one, more string
	}{
		{Problem, "1 problem", "%d problems"},
		{Fault, "1 part is made to fail", "%d parts are made to fail"},
		{Firing, "1 alert fires", "%d alerts fire"},
		{Drift, "1 change behind Pulumi's back", "%d changes behind Pulumi's back"},
		{Lockdown, "locked down", "locked down"},
		{Suspended, "1 thing is suspended", "%d things are suspended"},
		{Change, "a command is changing the cloud", "a command is changing the cloud"},
		{Limit, "not everything is acted out here", "not everything is acted out here"},
	}
}

// banner is the one line about a state. Only a state without faults and problems is
// called "as declared".
func (s State) banner() Banner {
	b := Banner{Level: "good", Title: "Everything is as declared", Conditions: []Condition{}}
	var parts []string
	for _, summary := range summaries() {
		n := 0
		for _, c := range s.Conditions {
			if c.Kind == summary.kind {
				b.Conditions = append(b.Conditions, c)
				n++
			}
		}
		switch {
		case n == 1:
			parts = append(parts, summary.one)
		case n > 1:
			parts = append(parts, strings.Replace(summary.more, "%d", fmt.Sprint(n), 1))
		}
	}
	declared := 0
	for _, l := range s.Layers {
		declared += l.Declared
	}
	of := func(kinds ...Kind) bool {
		return len(b.Conditions) > 0 && !slices.ContainsFunc(b.Conditions, func(c Condition) bool { return !slices.Contains(kinds, c.Kind) })
	}
	switch {
	case of(Limit, Change) && !of(Limit):
		b.Level, b.Title = "idle", "A command is changing the cloud: not everything is as declared yet"
	case of(Limit) && declared > 0:
		b.Level, b.Title = "idle", "Everything is as declared, but not everything is acted out here"
	case len(parts) > 0:
		title := strings.Join(parts, ", ")
		b.Level, b.Title = "bad", strings.ToUpper(title[:1])+title[1:]
	case declared == 0:
		b.Level, b.Title = "idle", "Nothing is declared yet"
		b.Conditions = append(b.Conditions, Condition{Kind: "hint", Text: "the stack is down, or is just coming up", Next: "make up"})
	}
	return b
}
