package gcp

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeService is an API that is switched on in a project.
const TypeService = "gcp:projects/service:Service"

// service is an API that is switched on in the project.
func (w *Cloud) service() provider.Kind {
	return provider.Kind{
		Type:     TypeService,
		Free:     "an enabled API costs nothing by itself",
		ID:       func(d *provider.Draft) string { return d.Project() + "/" + d.Inputs.Text("service") },
		Retained: true, // an API stays on
		Adopt:    takeUp,
		Check: func(d *provider.Draft) []provider.Failure {
			if name := d.Inputs.Text("service"); name != "" && !strings.Contains(name, ".") {
				return []provider.Failure{provider.Refuse("service", "expected service to be a service name such as sqladmin.googleapis.com, got %s", name)}
			}
			return nil
		},
	}
}
