package gcp

import "github.com/coditect-ai/license-platform/local/provider"

func (w *World) logMetric() provider.Kind {
	return provider.Kind{
		Type: "gcp:logging/metric:Metric", NameProperty: "name",
		Required:  []string{"filter"},
		Immutable: []string{"name", "project"},
		ID:        func(d *provider.Draft) string { return d.Inputs.Text("name") },
	}
}
