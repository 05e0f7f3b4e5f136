package gcp

import (
	"regexp"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeMonitoredService is a service of Cloud Monitoring, which objectives are
// about.
const TypeMonitoredService = "gcp:monitoring/customService:CustomService"

// serviceForm is how a service may be called.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services/create
var serviceForm = regexp.MustCompile(`^[a-z0-9-]+$`)

func (w *Cloud) monitoredService() provider.Kind {
	id := func(d *provider.Draft) string { return monitored(d, d.Inputs.Text("serviceId")) }
	return provider.Kind{
		Type: TypeMonitoredService, NameProperty: "serviceId", ID: id,
		Free:     "a service is what objectives belong to",
		Own:      true,
		Computed: []string{"name"},
		Compute:  named(id),
		Check: func(d *provider.Draft) []provider.Failure {
			return checkName(d, "serviceId", serviceForm)
		},
	}
}

// monitored is a service's whole name.
func monitored(d *provider.Draft, service string) string {
	return "projects/" + d.Project() + "/services/" + last(service)
}
