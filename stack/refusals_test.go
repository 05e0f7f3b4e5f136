package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestTheProvidersRefuseNothingThatAStackDeclares(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		made, err := stacktest.Try(t, name)
		require.NoError(t, err, name)
		assert.Greater(t, len(made.Resources), 100, "a stack declares more than that")
	}
}

func TestAPlanFailsWhereAProviderWouldRefuseIt(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		stack, typ, path string
		value            any
		reason           string
	}{
		"a value that is not in the provider's list": {"dev", clusterType, "datapathProvider", "CILIUM", "expected datapathProvider to be one of"},
		"a required property that is left out":       {"dev", "gcp:compute/firewall:Firewall", "network", nil, `The argument "network" is required`},
		"a number out of its range":                  {"prod", sqlInstance, "settings.maintenanceWindow.day", 9, "settings.maintenanceWindow.day to be in the range (1 - 7), got 9"},
		"a value that only the API refuses":          {"prod", sqlInstance, "settings.tier", "db-custom-3-7680", "it has 3 CPUs; allowed: 1, or an even number up to 96"},
		"a rule that Cloud Armor does not compile":   {"prod", armorRule, "match", map[string]any{"expr": map[string]any{"expression": "request.pth == '/'"}}, "Invalid value for field 'resource.match.expr'"},
		"a setting that Memorystore does not take":   {"prod", "gcp:redis/instance:Instance", "redisConfigs", map[string]any{"maxmemory-polcy": "noeviction"}, "maxmemory-polcy"},
		"a key that is not there":                    {"prod", sqlInstance, "encryptionKeyName", "projects/coditect-cloud-infra/locations/us-central1/keyRings/none/cryptoKeys/none", "none"},
		"a field that Kubernetes does not know":      {"prod", deployment, "spec.replica", 3, `unknown field "spec.replica"`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, err := stacktest.Try(t, c.stack, plan.Declare(c.typ, c.path, c.value))
			require.ErrorContains(t, err, c.typ)
			assert.ErrorContains(t, err, c.reason)
		})
	}
}
