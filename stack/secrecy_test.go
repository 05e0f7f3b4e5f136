package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func TestNoSecretIsAPlainInputOrOutput(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		used := map[string]int{}
		for _, r := range made.Resources {
			for _, secret := range []string{plan.MigrationPassword, plan.RedisAuth} {
				assert.Empty(t, r.Leaks(secret), "%s %s", r.Type, r.Name)
			}
			if r.Type == "gcp:secretmanager/secretVersion:SecretVersion" {
				assert.True(t, r.Secret("secretData"), r.Name)
				used[r.Text("secretData")]++
			}
		}
		assert.Equal(t, 1, used[plan.MigrationPassword], "the migration's password is kept in Secret Manager")
		assert.Equal(t, 1, used[plan.RedisAuth], "so is Redis's")
	})
}

func TestPodsAreToldWhereACredentialIsAndNeverTheCredential(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for _, pods := range []declared.Resource{made.One(t, deployment, "license-api"), made.One(t, job, "license-migrate")} {
			for name, value := range environment(t, pods) {
				for _, secret := range []string{plan.MigrationPassword, plan.RedisAuth} {
					assert.NotContains(t, value, secret, name)
				}
			}
		}
		assert.Empty(t, made.Of("kubernetes:core/v1:Secret"))
	})
}

func TestNoOutputIsASecretSoThatScriptsCanReadThem(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		outputs := made.Outputs()
		for name := range outputs.Inputs() {
			assert.False(t, outputs.Secret(name), name)
		}
		assert.Equal(t, "license-api-security-policy", outputs.Text("securityPolicy"))
		assert.NotEmpty(t, outputs.Text("edgeAddress"))
		assert.Contains(t, outputs.Text("image"), "/license-platform/license-api@"+plan.Digest)
		assert.Contains(t, outputs.Get("hosts"), "licenses")
		assert.Equal(t, "us-central1", outputs.Text("clusterLocation"), "the platform's region, unless the settings name a zone")
		pages, _ := outputs.Get("dashboards").(map[string]any)
		require.NotEmpty(t, pages)
		for name, page := range pages {
			assert.Regexp(t, `^https://console\.cloud\.google\.com/[^ %]+\?project=coditect-[a-z-]+$`, page, name)
		}
	})
}

// environment is a pod's, by name; what comes from a field is empty.
func environment(t *testing.T, pods declared.Resource) map[string]string {
	t.Helper()
	list, ok := pods.Get("spec.template.spec.containers[0].env").([]any)
	require.True(t, ok, "%s has no environment", pods.Name)
	all := map[string]string{}
	for _, item := range list {
		variable := item.(map[string]any)
		value, _ := variable["value"].(string)
		all[variable["name"].(string)] = value
	}
	require.Len(t, all, len(list), "every variable is given once")
	return all
}
