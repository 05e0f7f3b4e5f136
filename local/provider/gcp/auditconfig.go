package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/local/provider"
)

func (w *World) auditConfig() provider.Kind {
	return provider.Kind{
		Type:     "gcp:projects/iAMAuditConfig:IAMAuditConfig",
		Computed: []string{"etag"},
		ID: func(d *provider.Draft) string {
			return d.Inputs.Text("project") + "/audit_config/" + d.Inputs.Text("service")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			for i := range d.Inputs.List("auditLogConfigs") {
				path := "auditLogConfigs." + string(rune('0'+i%10)) + ".logType"
				failures = append(failures, oneOf(d, path, "ADMIN_READ", "DATA_READ", "DATA_WRITE")...)
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["etag"] = "BwYfLocal0s="
			return nil
		},
	}
}
