package cloudide

import (
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Pipeline is the IDE's own deployer, whose reads of secrets are not logged: it
// reads them with each build.
const Pipeline = "serviceAccount:coditect-ci@" + Project + ".iam.gserviceaccount.com"

// audited is what the IDE has set in the project's audit configuration: for an API
// that the platform audits, too, and for one of its own.
func audited() []store.Resource {
	config := func(service string, logs ...any) store.Resource {
		return resource(gcp.TypeAuditConfig, Project+"/audit_config/"+service,
			map[string]any{"project": Project, "service": service, "auditLogConfigs": logs}, map[string]any{"etag": "BwYfLocal0s="})
	}
	return []store.Resource{
		config("secretmanager.googleapis.com",
			map[string]any{"logType": "DATA_READ", "exemptedMembers": []any{Pipeline}},
			map[string]any{"logType": "ADMIN_READ"}),
		config("storage.googleapis.com", map[string]any{"logType": "DATA_WRITE"}),
	}
}
