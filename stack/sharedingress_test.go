package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
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
		made := stacktest.Deploy(t, name)
		for _, r := range made.Resources {
			for _, path := range []string{"metadata.name", "name"} {
				assert.NotContains(t, theirs, r.Text(path), "%s %s", r.Type, r.Name)
			}
		}
		for _, typ := range []string{clusterType, nodePool, "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork", "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Secret"} {
			assert.Empty(t, made.Of(typ), typ)
		}
		var services []string
		for _, r := range made.Of(kubeService) {
			services = append(services, r.Text("metadata.name"))
		}
		assert.Equal(t, []string{"license-api"}, services)
	}
}

func TestTheIDEsRoutesAreThoseOfBeforeAndTheLicenseHostComesFirst(t *testing.T) {
	t.Parallel()
	for _, name := range adopting() {
		ingress := stacktest.Deploy(t, name).One(t, ingressPatch, "ingress")
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
		want := []target{
			{"licenses.coditect.ai", "/", "license-api"},
			{"api.coditect.ai", "/", "coditect-api-v2"},
			{"coditect.ai", "/api", "coditect-api-v2"},
			{"coditect.ai", "/ws", "coditect-api-v2"},
			{"coditect.ai", "/", "coditect-frontend"},
			{"www.coditect.ai", "/", "coditect-frontend"},
		}
		if name == "local" {
			want = append(want, target{"docs.coditect.ai", "/", "coditect-frontend"}) // which the design does not know
		}
		assert.Equal(t, want, routes, name)
	}
}

func TestOfTheSharedIngressTheSmallestPartIsDeclared(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod")
	assert.Empty(t, made.Of(kubeIngress), "before an update of an Ingress the provider takes away what kubectl set on it")
	ingress := made.One(t, ingressPatch, "ingress")
	assert.True(t, ingress.RetainOnDelete, "without the patch the rules would have no owner, and vanish")
	assert.Equal(t, map[string]any{
		"pulumi.com/patchForce": "true", "pulumi.com/patchFieldManager": "license-platform",
		"kubernetes.io/ingress.allow-http":         "false",
		"networking.gke.io/managed-certificates":   "coditect-ai-ssl,license-platform",
		"networking.gke.io/v1beta1.FrontendConfig": "license-platform",
	}, ingress.Get("metadata.annotations"), "class and address are their owner's")
	assert.Equal(t, []string{"annotations", "name", "namespace"}, slices.Sorted(maps.Keys(ingress.Get("metadata").(map[string]any))))
	assert.Equal(t, []string{"rules"}, slices.Sorted(maps.Keys(ingress.Get("spec").(map[string]any))))
	assert.Len(t, made.Of("pulumi:providers:kubernetes"), 1)
	assert.NotEqual(t, true, made.One(t, "pulumi:providers:kubernetes", "kubernetes").Get("upsertExistingObjects"), "nothing else takes over what exists")
}

func TestWhatOthersRouteInAnotherWayIsCarriedAsItIs(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Set("kubernetes.ingress.routes", []any{
		map[string]any{"host": "*.ide.example", "paths": []any{
			map[string]any{"path": "/files/*", "type": "ImplementationSpecific", "service": "files", "portName": "http"},
			map[string]any{"path": "/exact", "type": "Exact", "service": "files", "port": 81},
		}},
	}))
	assert.Equal(t, map[string]any{"host": "*.ide.example", "http": map[string]any{"paths": []any{
		map[string]any{"path": "/files/*", "pathType": "ImplementationSpecific", "backend": map[string]any{"service": map[string]any{"name": "files", "port": map[string]any{"name": "http"}}}},
		map[string]any{"path": "/exact", "pathType": "Exact", "backend": map[string]any{"service": map[string]any{"name": "files", "port": map[string]any{"number": 81.0}}}},
	}}}, made.One(t, ingressPatch, "ingress").Get("spec.rules[1]"))
}

func TestAFrontendConfigOfOthersStays(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", append(annotated(map[string]any{"networking.gke.io/v1beta1.FrontendConfig": "ide"}),
		plan.Set("kubernetes.ingress.existingFrontendConfig", "ide"), plan.Preview())...)
	assert.Nil(t, made.One(t, ingressPatch, "ingress").Get(`metadata.annotations["networking.gke.io/v1beta1.FrontendConfig"]`))
	assert.Empty(t, made.Of("kubernetes:networking.gke.io/v1beta1:FrontendConfig"))
	_, err := stacktest.Try(t, "prod", plan.Set("kubernetes.ingress.existingFrontendConfig", "ide"), plan.Set("kubernetes.ingress.redirectHttp", true))
	require.ErrorContains(t, err, "its owner sets the redirect")
}

func TestAnIngressThatIsGivenBackHasNothingOfOurs(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Set("kubernetes.ingress.giveBack", true))
	ingress := made.One(t, ingressPatch, "ingress")
	rules, ok := ingress.Get("spec.rules").([]any)
	require.True(t, ok)
	assert.Len(t, rules, 3)
	assert.Equal(t, "api.coditect.ai", ingress.Text("spec.rules[0].host"))
	assert.Equal(t, "coditect-ai-ssl", ingress.Text(`metadata.annotations["networking.gke.io/managed-certificates"]`))
	front := made.One(t, "kubernetes:networking.gke.io/v1beta1:FrontendConfig", "license-platform-frontend")
	assert.Equal(t, map[string]any{"sslPolicy": ""}, front.Get("spec"), "an empty name detaches the policy; a missing one leaves it attached")
	_, err := stacktest.Try(t, "dev", plan.Set("kubernetes.ingress.giveBack", true))
	require.ErrorContains(t, err, "kubernetes.ingress.giveBack")
}

func TestAStackOfItsOwnTakesNothingOver(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev")
	ingress := made.One(t, kubeIngress, "ingress")
	assert.False(t, ingress.RetainOnDelete)
	assert.Empty(t, ingress.Text(`metadata.annotations["pulumi.com/patchForce"]`))
	assert.Len(t, made.Of("pulumi:providers:kubernetes"), 1)
	assert.Equal(t, "restricted", made.One(t, "kubernetes:core/v1:Namespace", "namespace").Text(`metadata.labels["pod-security.kubernetes.io/enforce"]`))
}

func TestTheCallersKubeconfigIsNeverUsed(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
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
		require.NoError(t, json.Unmarshal([]byte(made.One(t, "pulumi:providers:kubernetes", "kubernetes").Text("kubeconfig")), &config))
		assert.Equal(t, "https://192.0.2.10", config.Clusters[0].Cluster.Server)
		authority, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster.CA)
		require.NoError(t, err)
		assert.Contains(t, string(authority), "BEGIN CERTIFICATE", "the cluster's own")
		assert.Len(t, config.Users[0].User, 1, "no credential beside the plugin")
		assert.Equal(t, "gke-gcloud-auth-plugin", config.Users[0].User["exec"].Command)
		for _, r := range made.Resources {
			if r.Kubernetes() {
				assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes", "%s %s has the default provider", r.Type, r.Name)
			}
		}
	})
}
