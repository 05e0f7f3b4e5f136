package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/local/provider"
)

// monitoredService is what an objective is about.
func (w *World) monitoredService() provider.Kind {
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/services/" + d.Inputs.Text("serviceId")
	}
	return provider.Kind{
		Type: "gcp:monitoring/customService:CustomService", NameProperty: "serviceId", ID: id,
		Immutable: []string{"project", "serviceId"},
		Computed:  []string{"name"},
		Compute:   named(id),
	}
}

// objective is a service level objective.
func (w *World) objective() provider.Kind {
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/services/" + last(d.Inputs.Text("service")) + "/serviceLevelObjectives/" + d.Inputs.Text("sloId")
	}
	return provider.Kind{
		Type: "gcp:monitoring/slo:Slo", NameProperty: "sloId", ID: id,
		Required:  []string{"goal", "service"},
		Immutable: []string{"project", "service", "sloId"},
		Computed:  []string{"name"},
		Check: func(d *provider.Draft) []provider.Failure {
			if goal, known := d.Inputs.Number("goal"); known && (goal <= 0 || goal > 0.9999) {
				return []provider.Failure{provider.Refuse("goal", "Error 400: goal must be greater than 0 and at most 0.9999, got %v", goal)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			fallback(d, "name", id(d))
			return nil
		},
	}
}
