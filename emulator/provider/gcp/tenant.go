package gcp

import (
	"context"
	"regexp"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeTenant is a tenant of Identity Platform.
const TypeTenant = "gcp:identityplatform/tenant:Tenant"

// tenantName is the rule for a tenant's display name
// (https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects.tenants).
var tenantName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{3,19}$`)

func (w *Cloud) tenant() provider.Kind {
	name := func(d *provider.Draft) string {
		if d.Exists {
			if made := provider.Properties(d.Outputs).Text("name"); made != "" {
				return made
			}
		}
		return w.TenantID(d.Project(), d.Inputs.Text("displayName"))
	}
	return provider.Kind{
		Type:     TypeTenant,
		Numbered: true,
		Own:      true,
		Computed: []string{"name"},
		ID:       func(d *provider.Draft) string { return "projects/" + d.Project() + "/tenants/" + name(d) },
		Check:    func(d *provider.Draft) []provider.Failure { return checkName(d, "displayName", tenantName) },
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"] = name(d)
			config, exists := w.Store.Get(TypeIdentityConfig, "projects/"+d.Project()+"/config")
			if exists && !provider.Properties(config.Inputs).True("multiTenant.allowTenants") {
				return apiError(400, "OPERATION_NOT_ALLOWED : multi-tenancy is not allowed in the project: set multiTenant.allowTenants in the config")
			}
			return nil
		},
		Ensure: func(_ context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			return w.Tenants.PutTenant(outputs.Text("project"), outputs.Text("name"), outputs.Text("displayName"), outputs.True("disableAuth"))
		},
		Remove: func(_ context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			return w.Tenants.DeleteTenant(outputs.Text("project"), outputs.Text("name"))
		},
	}
}
