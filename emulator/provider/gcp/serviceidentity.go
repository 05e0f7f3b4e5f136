package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeServiceIdentity is the account by which a Google API acts in a project.
const TypeServiceIdentity = "gcp:projects/serviceIdentity:ServiceIdentity"

// agents maps an API to the domain of the account by which it acts
// (https://cloud.google.com/iam/docs/service-agents).
func agents() map[string]string {
	return map[string]string{
		"artifactregistry.googleapis.com":  "gcp-sa-artifactregistry",
		"container.googleapis.com":         "container-engine-robot",
		"compute.googleapis.com":           "compute-system",
		"identitytoolkit.googleapis.com":   "gcp-sa-identitytoolkit",
		"logging.googleapis.com":           "gcp-sa-logging",
		"monitoring.googleapis.com":        "gcp-sa-monitoring-notification",
		"redis.googleapis.com":             "cloud-redis",
		"secretmanager.googleapis.com":     "gcp-sa-secretmanager",
		"servicenetworking.googleapis.com": "service-networking",
		"sqladmin.googleapis.com":          "gcp-sa-cloud-sql",
	}
}

func (w *Cloud) serviceIdentity() provider.Kind {
	return provider.Kind{
		Type:     TypeServiceIdentity,
		Free:     "an enabled API costs nothing by itself",
		Computed: []string{"email", "member"},
		Adopt:    takeUp, // the API answers with the agent that there is
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/services/" + d.Inputs.Text("service")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			name := d.Inputs.Text("service")
			if _, known := agents()[name]; name != "" && !known {
				return []provider.Failure{provider.Refuse("service", "Error 400: the service '%s' has no service identity", name)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			email := serviceAgent(agents()[d.Inputs.Text("service")])
			d.Outputs["email"], d.Outputs["member"] = email, "serviceAccount:"+email
			return nil
		},
	}
}
