package daemon

import (
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/identity"
)

// tenants gives the provider Identity Platform.
type tenants struct{ issuer *identity.Issuer }

var _ gcp.Tenants = tenants{}

// PutTenant makes or changes a tenant.
func (t tenants) PutTenant(project, id, displayName string, suspended bool) error {
	_, err := t.issuer.PutTenant(identity.Tenant{Project: project, ID: id, DisplayName: displayName, Suspended: suspended})
	return err
}

// DeleteTenant removes a tenant.
func (t tenants) DeleteTenant(project, id string) error { return t.issuer.DeleteTenant(project, id) }
