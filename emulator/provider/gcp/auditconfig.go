package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeAuditConfig says which reads and writes of one API are logged, in a project's
// IAM policy.
const TypeAuditConfig = "gcp:projects/iAMAuditConfig:IAMAuditConfig"

// auditConfig is authoritative for its API: it replaces the former configuration,
// exemptions included, and removes it when it is deleted
// (google-beta/tpgiamresource/resource_iam_audit_config.go).
func (w *Cloud) auditConfig() provider.Kind {
	return provider.Kind{
		Type:     TypeAuditConfig,
		Free:     "identities and grants are free",
		Adopt:    takeUp,
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
