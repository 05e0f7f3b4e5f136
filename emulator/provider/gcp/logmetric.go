package gcp

import (
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

func (w *Cloud) logMetric() provider.Kind {
	return provider.Kind{
		Type: "gcp:logging/metric:Metric", NameProperty: "name",
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
