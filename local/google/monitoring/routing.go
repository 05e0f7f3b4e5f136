package monitoring

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

// routing says which log entries some log bucket of the project stores: alerts over log
// entries see no others
// (https://cloud.google.com/logging/docs/alerting/log-based-alerts).
type routing struct {
	// sinks route to buckets of their own, exclusions keep out of _Default.
	sinks, exclusions []*logfilter.Filter
}

// routingOf reads what is declared; a provider has refused filters that cannot be read.
func routingOf(declared []store.Resource) (r routing) {
	for _, resource := range declared {
		properties := provider.Properties(resource.Inputs)
		filter, err := logfilter.Parse(properties.Text("filter"))
		switch {
		case err != nil, properties.True("disabled"):
		case resource.Type == gcp.TypeLogExclusion:
			r.exclusions = append(r.exclusions, filter)
		case strings.HasPrefix(properties.Text("destination"), "logging.googleapis.com/"):
			r.sinks = append(r.sinks, filter)
		}
	}
	return r
}

// buckets names those that store an entry: _Required has the audit log of changes, and
// nothing is excluded there; _Default has all else that is not excluded; and "own" is
// any other (https://cloud.google.com/logging/docs/store-log-entries).
func (r routing) buckets(entry map[string]any) (all []string) {
	name, _ := entry["logName"].(string)
	switch required := strings.HasSuffix(name, "cloudaudit.googleapis.com%2Factivity") || strings.HasSuffix(name, "cloudaudit.googleapis.com%2Fsystem_event"); {
	case required:
		all = append(all, "_Required")
	case !slices.ContainsFunc(r.exclusions, func(f *logfilter.Filter) bool { return f.Matches(entry) }):
		all = append(all, "_Default")
	}
	if slices.ContainsFunc(r.sinks, func(f *logfilter.Filter) bool { return f.Matches(entry) }) {
		all = append(all, "own")
	}
	return all
}
