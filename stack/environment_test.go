package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/server"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func TestTheAPIUnderstandsItsEnvironment(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		variables := environment(t, made.One(t, deployment, workload.APIName))
		for name, value := range variables {
			variables[name] = strings.ReplaceAll(value, "$(POD_IP)", "10.20.0.1")
		}
		settings, err := server.LoadServe(variables)
		require.NoError(t, err)
		assert.Equal(t, "10.20.0.1:8000", settings.ListenAddress, "only the pod's own address is listened on")
		assert.Equal(t, "10.20.0.1:9090", settings.MetricsAddress)
		assert.Equal(t, made.Outputs().Text("licenseUrl"), settings.TokenIssuer)
		assert.Equal(t, made.Outputs().Text("activeSigningVersion"), settings.KMSKeyVersion)
	})
}

func TestTheMigrationUnderstandsItsEnvironment(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		settings, tenants, err := server.LoadMigrate(environment(t, made.One(t, job, "license-migrate")))
		require.NoError(t, err)
		assert.Equal(t, "license-migrate", settings.DatabaseUser, "the role that owns the schema")
		require.NotEmpty(t, tenants)
		known := made.Outputs().Get("tenants").(map[string]any)
		require.Len(t, tenants, len(known))
		for _, seeded := range tenants {
			assert.Equal(t, known[seeded.Tenant.Name], seeded.Tenant.ID)
			assert.NotEmpty(t, seeded.Licenses)
		}
	})
}
