package monitoring

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

// defaultAutoClose is how long Google keeps an incident open without a word on it.
// https://cloud.google.com/monitoring/alerts/incidents-events#autoclose
const defaultAutoClose = 7 * 24 * time.Hour

// logRule is an alert policy that fires at a single log entry.
type logRule struct {
	about
	filter *logfilter.Filter
	// fields are read from the entry, by the label that they fill.
	fields map[string][]string
	// closes is how long after the last entry the incident ends.
	closes time.Duration
}

var extractForm = regexp.MustCompile(`^EXTRACT\(([a-zA-Z0-9_.]+)\)$`)

func matched(a about, declared provider.Properties, at string) (logRule, error) {
	filter, err := logfilter.Parse(declared.Text(at + ".filter"))
	if err != nil {
		return logRule{}, fmt.Errorf("its filter: %w", err)
	}
	r := logRule{about: a, filter: filter, fields: map[string][]string{}, closes: defaultAutoClose}
	if closes := duration(declared.Text("alertStrategy.autoClose")); closes > 0 {
		r.closes = closes
	}
	extractors, _ := declared.At(at + ".labelExtractors")
	labels, _ := extractors.(map[string]any)
	for label, extractor := range labels {
		text, _ := extractor.(string)
		field := extractForm.FindStringSubmatch(text)
		if field == nil {
			return logRule{}, fmt.Errorf("the extractor %q of the label %s: only EXTRACT(field) is acted out here", text, label)
		}
		r.fields[label] = strings.Split(field[1], ".")
	}
	return r, nil
}

// labels are what the notification about an entry tells it by.
func (r logRule) labels(entry map[string]any) map[string]string {
	found := map[string]string{}
	for label, path := range r.fields {
		var value any = entry
		for _, key := range path {
			object, _ := value.(map[string]any)
			value = object[key]
		}
		if text, known := value.(string); known {
			found[label] = text
		}
	}
	return found
}
