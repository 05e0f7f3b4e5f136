package stack_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// adopting are the stacks that move in with the IDE.
func adopting() []string { return []string{"prod", "local"} }

func TestWhatBelongsToTheIDEIsNeverDeclared(t *testing.T) {
	t.Parallel()
	theirs := []string{
		"coditect-api-v2", "coditect-frontend", "coditect-backend-config", "coditect-ai-ssl", "coditect-ai-ip",
		"coditect-vpc", "coditect-subnet", "coditect-cluster", "coditect-app",
	}
	for _, name := range adopting() {
		plan := stacktest.Deploy(t, name)
		for _, r := range plan.Resources {
			for _, path := range []string{"metadata.name", "name"} {
				assert.NotContains(t, theirs, r.Text(path), "%s %s", r.Type, r.Name)
			}
		}
		for _, typ := range []string{clusterType, nodePool, "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork", "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Secret"} {
			assert.Empty(t, plan.Of(typ), typ)
		}
		var services []string
		for _, r := range plan.Of(kubeService) {
			services = append(services, r.Text("metadata.name"))
		}
		assert.Equal(t, []string{"license-api"}, services)
	}
}

func TestTheIDEsRoutesAreThoseOfBeforeAndTheLicenseHostComesFirst(t *testing.T) {
	t.Parallel()
	for _, name := range adopting() {
		ingress := stacktest.Deploy(t, name).One(t, kubeIngress, "ingress")
		type target struct{ host, path, service string }
		var routes []target
		rules, ok := ingress.Get("spec.rules").([]any)
		require.True(t, ok)
		for _, item := range rules {
			encoded, err := json.Marshal(item)
			require.NoError(t, err)
			var rule struct {
				Host string
				HTTP struct {
					Paths []struct {
						Path, PathType string
						Backend        struct {
							Service struct {
								Name string
								Port struct{ Number int }
							}
						}
					}
				}
			}
			require.NoError(t, json.Unmarshal(encoded, &rule))
			for _, p := range rule.HTTP.Paths {
				assert.Equal(t, "Prefix", p.PathType)
				assert.Equal(t, 80, p.Backend.Service.Port.Number)
				routes = append(routes, target{rule.Host, p.Path, p.Backend.Service.Name})
			}
		}
		assert.Equal(t, []target{
			{"licenses.coditect.ai", "/", "license-api"},
			{"api.coditect.ai", "/", "coditect-api-v2"},
			{"coditect.ai", "/api", "coditect-api-v2"},
			{"coditect.ai", "/ws", "coditect-api-v2"},
			{"coditect.ai", "/", "coditect-frontend"},
			{"www.coditect.ai", "/", "coditect-frontend"},
		}, routes, name)
	}
}

func TestTheSharedIngressIsTakenOverForcefullyAndOutlivesTheStack(t *testing.T) {
	t.Parallel()
	plan := stacktest.Deploy(t, "prod")
	ingress := plan.One(t, kubeIngress, "ingress")
	assert.True(t, ingress.RetainOnDelete, "deleting it would cut off the IDE")
	annotation := func(name string) string { return ingress.Text(`metadata.annotations["` + name + `"]`) }
	assert.Equal(t, "true", annotation("pulumi.com/patchForce"))
	assert.Equal(t, "coditect-ai-ssl,license-platform", annotation("networking.gke.io/managed-certificates"), "the old certificate stays beside the new one")
	assert.Equal(t, "coditect-ai-ip", annotation("kubernetes.io/ingress.global-static-ip-name"))
	assert.Equal(t, "gce", annotation("kubernetes.io/ingress.class"))
	assert.Equal(t, "false", annotation("kubernetes.io/ingress.allow-http"))
	assert.Nil(t, ingress.Get("spec.ingressClassName"), "GKE ignores an Ingress that has it alone")

	adopting := plan.One(t, "pulumi:providers:kubernetes", "kubernetes-adopting")
	assert.Contains(t, ingress.Provider, adopting.URN)
	users := slices.DeleteFunc(slices.Clone(plan.Resources), func(r stacktest.Resource) bool {
		return !r.Custom || r.Provider == "" || r.Provider != ingress.Provider
	})
	assert.Len(t, users, 1, "only the Ingress may take over what exists")
	assert.Equal(t, true, adopting.Get("upsertExistingObjects"))
	assert.NotEqual(t, true, plan.One(t, "pulumi:providers:kubernetes", "kubernetes").Get("upsertExistingObjects"))
}

func TestAStackOfItsOwnTakesNothingOver(t *testing.T) {
	t.Parallel()
	plan := stacktest.Deploy(t, "dev")
	ingress := plan.One(t, kubeIngress, "ingress")
	assert.False(t, ingress.RetainOnDelete)
	assert.Empty(t, ingress.Text(`metadata.annotations["pulumi.com/patchForce"]`))
	assert.Len(t, plan.Of("pulumi:providers:kubernetes"), 1)
	assert.Equal(t, "restricted", plan.One(t, "kubernetes:core/v1:Namespace", "namespace").Text(`metadata.labels["pod-security.kubernetes.io/enforce"]`))
}

func TestTheCallersKubeconfigIsNeverUsed(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		var config struct {
			Clusters []struct {
				Cluster struct {
					Server string `json:"server"`
					CA     string `json:"certificate-authority-data"`
				} `json:"cluster"`
			} `json:"clusters"`
			Users []struct {
				User map[string]struct {
					Command string `json:"command"`
				} `json:"user"`
			} `json:"users"`
		}
		require.NoError(t, json.Unmarshal([]byte(plan.One(t, "pulumi:providers:kubernetes", "kubernetes").Text("kubeconfig")), &config))
		assert.Equal(t, "https://192.0.2.10", config.Clusters[0].Cluster.Server)
		assert.Equal(t, "Q0E=", config.Clusters[0].Cluster.CA)
		assert.Len(t, config.Users[0].User, 1, "no credential beside the plugin")
		assert.Equal(t, "gke-gcloud-auth-plugin", config.Users[0].User["exec"].Command)
		for _, r := range plan.Resources {
			if r.Kubernetes() {
				assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes", "%s %s has the default provider", r.Type, r.Name)
			}
		}
	})
}
