package constraint_test

import "github.com/coditect-ai/license-platform/emulator/provider/gcp"

const (
	iamMemberSDK = "https://www.pulumi.com/registry/packages/gcp/api-docs/projects/iammember/"
	iamPolicy    = "https://cloud.google.com/iam/docs/reference/rest/v1/Policy"
	iamAccounts  = "https://cloud.google.com/iam/docs/service-accounts-create"
	iamAgents    = "https://cloud.google.com/iam/docs/service-agents"
	iamAudit     = "https://www.pulumi.com/registry/packages/gcp/api-docs/projects/iamauditconfig/"
	tenantAPI    = "https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects.tenants"
	tenancy      = "https://cloud.google.com/identity-platform/docs/multi-tenancy-quickstart"
	configSDK    = "https://www.pulumi.com/registry/packages/gcp/api-docs/identityplatform/config/"
)

func identityRows() []row {
	const member, agent, audit = "gcp:projects/iAMMember:IAMMember", "gcp:projects/serviceIdentity:ServiceIdentity", "gcp:projects/iAMAuditConfig:IAMAuditConfig"
	account := made{gcp.TypeServiceAccount, "api", map[string]any{"accountId": "license-api"}}
	granted := map[string]any{"project": project, "role": "roles/cloudsql.client", "member": "serviceAccount:license-api@" + project + ".iam.gserviceaccount.com"}
	tenants := func(allowed bool) made {
		return made{gcp.TypeIdentityConfig, "config", map[string]any{"multiTenant": map[string]any{"allowTenants": allowed}}}
	}
	return []row{
		{
			what: "a member without its kind in front", typ: member, right: granted,
			change: changes{"member": "me@example.com"}, says: "Invalid value for member", source: iamMemberSDK,
		},
		{
			what: "a role without `roles/` in front", typ: member, right: granted,
			change: changes{"role": "viewer"}, says: "Must be a match of regex", source: iamMemberSDK,
		},
		{
			what: "a grant to a service account that does not exist", typ: member, right: granted, when: onCreate,
			lacking: []made{account}, says: "license-api@" + project + ".iam.gserviceaccount.com does not exist", source: iamPolicy,
		},
		{
			what: "a service account with a name of 5 letters", typ: gcp.TypeServiceAccount, right: account.inputs,
			change: changes{"accountId": "short"}, says: "doesn't match regexp", source: iamAccounts,
		},
		{
			what: "a service account of a name in use", typ: gcp.TypeServiceAccount, right: map[string]any{"accountId": "license-migrate"}, when: onCreate,
			given: []made{account}, change: changes{"accountId": "license-api"}, says: "already exists", source: iamAccounts,
		},
		{
			what: "the service agent of a service that does not have one", typ: agent, right: map[string]any{"service": "sqladmin.googleapis.com"},
			change: changes{"service": "sql.googleapis.com"}, says: "has no service identity", source: iamAgents,
		},
		{
			what: "an audit log that does not exist", typ: audit,
			right:  map[string]any{"project": project, "service": "cloudkms.googleapis.com", "auditLogConfigs": []any{map[string]any{"logType": "DATA_READ"}}},
			change: changes{"auditLogConfigs": []any{map[string]any{"logType": "EVERYTHING"}}}, says: "to be one of", source: iamAudit,
		},
		{
			what: "an API by half its name", typ: "gcp:projects/service:Service", right: map[string]any{"service": "sqladmin.googleapis.com"},
			change: changes{"service": "sqladmin"}, says: "expected service to be a service name", source: "https://www.pulumi.com/registry/packages/gcp/api-docs/projects/service/",
		},
		{
			what: "a tenant with a space in its name", typ: gcp.TypeTenant, right: map[string]any{"displayName": "a-tenant"},
			change: changes{"displayName": "a tenant"}, says: "Must be a match of regex", source: tenantAPI,
		},
		{
			what: "a tenant where tenants are not allowed", typ: gcp.TypeTenant, right: map[string]any{"displayName": "a-tenant"}, when: onCreate,
			given: []made{tenants(false)}, lacking: []made{tenants(true)}, says: "OPERATION_NOT_ALLOWED", source: tenancy,
		},
		{
			what: "enabling Identity Platform where it is already enabled: it cannot be disabled", typ: gcp.TypeIdentityConfig,
			right: map[string]any{"project": "other-project"}, when: onCreate,
			gone:   []made{{gcp.TypeIdentityConfig, "first", map[string]any{"project": project}}},
			change: changes{"project": project}, says: "Identity Platform has already been enabled", source: "https://github.com/hashicorp/terraform-provider-google/issues/16520",
		},
		{
			what: "a second factor of a kind that does not exist", typ: gcp.TypeIdentityConfig, right: map[string]any{"mfa": map[string]any{"state": "ENABLED"}},
			change: changes{"mfa.state": "ON"}, says: "expected mfa.state to be one of", source: configSDK,
		},
	}
}
