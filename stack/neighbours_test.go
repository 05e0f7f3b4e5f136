package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/googlename"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

const (
	managedZone = "gcp:dns/managedZone:ManagedZone"
	auditConfig = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
)

func TestInTheNetworkOfOthersOnlyThePlatformsPodsAreSentToPrivateAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range adopting() {
		made := stacktest.Deploy(t, name)
		assert.Empty(t, made.Of(managedZone), "a zone would send every pod and machine of the network elsewhere")
		for _, pods := range []struct {
			typ, name string
			calls     []string
		}{{deployment, "license-api", googlename.Serve()}, {job, "license-migrate", googlename.Migrate()}} {
			workload, names := made.One(t, pods.typ, pods.name), pods.calls
			aliases, _ := workload.Get("spec.template.spec.hostAliases").([]any)
			var addresses []any
			for _, item := range aliases {
				alias := item.(map[string]any)
				addresses = append(addresses, alias["ip"])
				assert.ElementsMatch(t, names, alias["hostnames"], "%s: exactly the names that it calls", workload.Name)
			}
			assert.Equal(t, []any{"199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"}, addresses, workload.Name)
		}
	}
}

func TestANetworkOfItsOwnAndADeliberateChoiceHaveZones(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]*plan.Plan{
		"dev": stacktest.Deploy(t, "dev"), "prod, for all": stacktest.Deploy(t, "prod", plan.Set("network.privateZonesForAll", true)),
	} {
		assert.Len(t, made.Of(managedZone), 2, name)
		assert.Empty(t, made.One(t, deployment, "license-api").Get("spec.template.spec.hostAliases"), name)
	}
}

func TestWhereTheNetworkResolvesGoogleAlreadyNothingIsAdded(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Set("network.privateGoogleApis", false))
	assert.Empty(t, made.Of(managedZone))
	assert.Empty(t, made.One(t, deployment, "license-api").Get("spec.template.spec.hostAliases"))
}

func TestWhatOthersHaveExemptedFromTheAuditLogStaysExemptAndOutlivesTheStack(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod")
	audited := made.Of(auditConfig)
	require.NotEmpty(t, audited)
	for _, config := range audited {
		assert.True(t, config.RetainOnDelete, "a destroy would take the owner's configuration of %s away, too", config.Text("service"))
	}
	secrets := made.One(t, auditConfig, "observe-secretmanager.googleapis.com")
	assert.ElementsMatch(t, []any{
		map[string]any{"logType": "DATA_READ", "exemptedMembers": []any{cloudide.Pipeline}},
		map[string]any{"logType": "ADMIN_READ"},
		map[string]any{"logType": "DATA_WRITE"},
	}, secrets.Get("auditLogConfigs"))
	for _, config := range stacktest.Deploy(t, "dev").Of(auditConfig) {
		assert.False(t, config.RetainOnDelete, "in a project of its own it goes with the stack")
	}
}

func TestTheAuditConfigurationCanBeLeftToItsOwner(t *testing.T) {
	t.Parallel()
	assert.Empty(t, stacktest.Deploy(t, "prod", plan.Set("observe.existingAudit", true)).Of(auditConfig))
}
