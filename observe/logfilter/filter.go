package logfilter

import "fmt"

// longest is how long a filter may be, in characters.
// https://cloud.google.com/logging/quotas
const longest = 20_000

// matcher says whether an entry is selected.
type matcher func(entry map[string]any) bool

// Filter is a filter that was read.
type Filter struct{ selects matcher }

// Parse reads a filter. It returns an error that names the place for what Cloud
// Logging would refuse, and for what this package does not know.
func Parse(text string) (*Filter, error) {
	if n := len([]rune(text)); n > longest {
		return nil, fmt.Errorf("the filter has %d characters: at most %d are allowed", n, longest)
	}
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	selects, err := p.query()
	if err != nil {
		return nil, err
	}
	return &Filter{selects: selects}, nil
}

// Matches says whether the filter selects an entry, which is a LogEntry as JSON:
// {"logName": …, "severity": …, "protoPayload": {…}}.
// https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
func (f *Filter) Matches(entry map[string]any) bool { return f.selects(entry) }
