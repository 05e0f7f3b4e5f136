package gcp

import "github.com/coditect-ai/license-platform/local/provider"

func (w *World) uptimeCheck() provider.Kind {
	id := numbered("uptimeCheckConfigs")
	return provider.Kind{
		Type: "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", ID: id,
		Required:  []string{"displayName", "timeout"},
		Immutable: []string{"project", "monitoredResource", "resourceGroup"},
		Computed:  []string{"name", "uptimeCheckId"},
		Compute:   named(id),
		Check: func(d *provider.Draft) []provider.Failure {
			return oneOf(d, "period", "60s", "300s", "600s", "900s")
		},
	}
}
