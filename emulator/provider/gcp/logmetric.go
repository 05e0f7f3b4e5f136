package gcp

import (
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

// TypeLogMetric is a count of log entries.
const TypeLogMetric = "gcp:logging/metric:Metric"

func (w *Cloud) logMetric() provider.Kind {
	return provider.Kind{
		Type: TypeLogMetric, NameProperty: "name",
		Free:  "log-based metrics are free up to 150 MiB an account",
		Own:   true,
		ID:    func(d *provider.Draft) string { return d.Inputs.Text("name") },
		Check: func(d *provider.Draft) []provider.Failure { return checkLogFilter(d, "filter") },
	}
}

// checkLogFilter refuses a filter that the Logging query language does not have.
// https://cloud.google.com/logging/docs/view/logging-query-language
func checkLogFilter(d *provider.Draft, path string) []provider.Failure {
	if _, err := logfilter.Parse(d.Inputs.Text(path)); err != nil {
		return []provider.Failure{provider.Refuse(path, "Error 400: Invalid filter: %v", err)}
	}
	return nil
}
