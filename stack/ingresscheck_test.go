package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// annotated makes the live Ingress have other annotations.
func annotated(others map[string]any) []plan.Change {
	return []plan.Change{plan.Found(kubeIngress, map[string]any{"metadata": plan.IngressMetadata(others)})}
}

// routed makes the live Ingress have one rule more than those of the settings.
func routed(more ...any) []plan.Change {
	return []plan.Change{plan.Found(kubeIngress, map[string]any{"spec": map[string]any{"rules": append(theirRules(), more...)}})}
}

// theirRules are those of the settings.
func theirRules() []any {
	return []any{
		plan.Rule("api.coditect.ai", "/", "coditect-api-v2"),
		plan.Rule("coditect.ai", "/api", "coditect-api-v2", "/ws", "coditect-api-v2", "/", "coditect-frontend"),
		plan.Rule("www.coditect.ai", "/", "coditect-frontend"),
	}
}

// ours marks the live Ingress as one that the platform has declared before.
func ours(annotations ...string) map[string]any {
	fields := map[string]any{}
	for _, annotation := range annotations {
		fields["f:"+annotation] = map[string]any{}
	}
	return map[string]any{"manager": "license-platform", "operation": "Apply", "fieldsV1": map[string]any{
		"f:metadata": map[string]any{"f:annotations": fields}, "f:spec": map[string]any{"f:rules": map[string]any{}},
	}}
}

// leaving is an Ingress that is deleted, and held by a finalizer.
func leaving() map[string]any {
	metadata := plan.IngressMetadata(nil)
	metadata["deletionTimestamp"] = "2026-11-28T10:00:00Z"
	return metadata
}

// classed makes the live Ingress name its class in its spec only.
func classed(name string) []plan.Change {
	return []plan.Change{plan.Found(kubeIngress, map[string]any{
		"metadata": plan.IngressMetadata(map[string]any{"kubernetes.io/ingress.class": nil}),
		"spec":     map[string]any{"ingressClassName": name, "rules": theirRules()},
	})}
}

func TestAnIngressWithCertificatesThatGoogleDoesNotManageIsTaken(t *testing.T) {
	t.Parallel()
	stacktest.Deploy(t, "prod", append(annotated(map[string]any{"ingress.gcp.kubernetes.io/pre-shared-cert": "mcrt-1,own", "kubernetes.io/ingress.class": ""}), plan.Preview())...)
}

func TestADomainOfNoHostOfTheLiveIngressIsNamed(t *testing.T) {
	t.Parallel()
	_, err := stacktest.Try(t, "prod", plan.Preview(), plan.Set("platform.domain", "example.com"))
	require.ErrorContains(t, err, `platform.domain = "example.com": no host of the live Ingress belongs to this domain`)
	require.ErrorContains(t, err, "the domain of api.coditect.ai")
}

func TestWhatTheSettingsDoNotKnowOfTheLiveIngressIsNamed(t *testing.T) {
	t.Parallel()
	const redirects = "kubernetes.ingress.redirectHttp"
	old := plan.IngressMetadata(map[string]any{"kubernetes.io/ingress.allow-http": "true"})
	old["finalizers"] = []any{"networking.gke.io/ingress-finalizer"}
	for name, world := range map[string]struct {
		changes []plan.Change
		says    []string
	}{
		"a host": {routed(plan.Rule("docs.coditect.ai", "/", "docs")), []string{
			"kubernetes.ingress.routes", "docs.coditect.ai/ (Prefix) → docs:80", "would be dropped", "{subdomain: docs, paths: [{path: /, service: docs, port: 80}]}",
		}},
		"a host of another domain": {routed(plan.Rule("ide.example", "/", "docs")), []string{"{host: ide.example, "}},
		"every other host":         {routed(map[string]any{"http": plan.Rule("", "/", "docs")["http"]}), []string{"{host: *, "}},
		"a path":                   {routed(plan.Rule("www.coditect.ai", "/blog", "blog")), []string{"www.coditect.ai/blog (Prefix) → blog:80"}},
		"a host without paths":     {routed(map[string]any{"host": "bare.coditect.ai"}), []string{"host bare.coditect.ai without paths", "cannot be written as a route"}},
		"a backend of another kind": {routed(map[string]any{"host": "files.coditect.ai", "http": map[string]any{"paths": []any{
			map[string]any{"path": "/", "pathType": "Prefix", "backend": map[string]any{"resource": map[string]any{"kind": "StorageBucket", "name": "files"}}},
		}}}), []string{"files.coditect.ai/ to no Service"}},
		"a route that is not there": {
			[]plan.Change{plan.Found(kubeIngress, map[string]any{"spec": map[string]any{"rules": []any{}}})},
			[]string{"coditect.ai/ws (Prefix) → coditect-api-v2:80", "would be added"},
		},
		"a certificate": {annotated(map[string]any{"networking.gke.io/managed-certificates": "coditect-ai-ssl, docs-ssl"}), []string{
			"kubernetes.ingress.existingCertificates", "docs-ssl, and it would be dropped",
		}},
		"a certificate that is not listed": {annotated(map[string]any{"networking.gke.io/managed-certificates": nil}), []string{"no certificate is attached"}},
		"a FrontendConfig": {annotated(map[string]any{"networking.gke.io/v1beta1.FrontendConfig": "ide"}), []string{
			"kubernetes.ingress.existingFrontendConfig", "the FrontendConfig ide, and it would be replaced",
		}},
		"an open port 80":  {annotated(map[string]any{"kubernetes.io/ingress.allow-http": nil}), []string{redirects, "would be closed"}},
		"a closed port 80": {[]plan.Change{plan.Set(redirects, true)}, []string{redirects, "would be opened"}},
		"another class":    {annotated(map[string]any{"kubernetes.io/ingress.class": "gce-internal"}), []string{"kubernetes.ingress.name", "gce-internal"}},
		"another address":  {annotated(map[string]any{"kubernetes.io/ingress.global-static-ip-name": "ide-ip"}), []string{"network.edgeAddress.name", "ide-ip"}},
		"a host of the platform's that somebody else's Service answers": {
			routed(plan.Rule("licenses.coditect.ai", "/", "old-licenses")),
			[]string{"kubernetes.ingress.name", "licenses.coditect.ai/ (Prefix) → old-licenses:80", "would be replaced", "its owner takes it out"},
		},
		"a host with a wildcard": {routed(plan.Rule("*.coditect.ai", "/", "docs")), []string{"*.coditect.ai/ (Prefix) → docs:80", "{host: *.coditect.ai, "}},
		"a path of GKE's own form": {
			routed(map[string]any{"host": "files.coditect.ai", "http": map[string]any{"paths": []any{map[string]any{
				"path": "/*", "pathType": "ImplementationSpecific", "backend": map[string]any{"service": map[string]any{"name": "files", "port": map[string]any{"name": "http"}}},
			}}}}), []string{"{path: /*, type: ImplementationSpecific, service: files, portName: http}"},
		},
		"a deletion that waits for a finalizer": {
			[]plan.Change{plan.Found(kubeIngress, map[string]any{"metadata": leaving()})}, []string{"kubernetes.ingress.name", "is being deleted since 2026-11-28T10:00:00Z"},
		},
		"no load balancer": {
			[]plan.Change{plan.Found(kubeIngress, map[string]any{"status": map[string]any{"loadBalancer": map[string]any{}}})},
			[]string{"kubernetes.ingress.name", "has given the live Ingress no address"},
		},
		"a class that only spec names": {
			classed("gce"), []string{"GKE does not serve this Ingress"},
		},
		"no place for one certificate more": {
			annotated(map[string]any{"ingress.gcp.kubernetes.io/pre-shared-cert": strings.Repeat("mcrt,", 14) + "own"}), []string{"has 15 certificates"},
		},
		"names of the V1 scheme": {
			[]plan.Change{plan.Set(redirects, true), plan.Found(kubeIngress, map[string]any{"metadata": old})},
			[]string{redirects, "uses the V1 naming scheme"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := stacktest.Try(t, "prod", append(world.changes, plan.Preview())...)
			require.Error(t, err)
			for _, text := range append(world.says, "check ingress:", "checks.skip") {
				require.ErrorContains(t, err, text)
			}
			saysWhere(t, err)
			for _, r := range made.Resources {
				assert.True(t, strings.HasPrefix(r.Type, "pulumi:providers:"), "%s is declared", r.Name)
			}
			stacktest.Deploy(t, "prod", append(world.changes, plan.Preview(), plan.Set("checks.skip", []any{"ingress"}))...)
		})
	}
}

func TestWhatThePlatformHasDeclaredBeforeItMayChange(t *testing.T) {
	t.Parallel()
	metadata := plan.IngressMetadata(map[string]any{
		"networking.gke.io/managed-certificates": "coditect-ai-ssl,license-platform", "networking.gke.io/v1beta1.FrontendConfig": "license-platform",
	})
	metadata["managedFields"] = []any{
		map[string]any{"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": map[string]any{}},
		ours("kubernetes.io/ingress.allow-http", "networking.gke.io/managed-certificates"),
	}
	found := plan.Found(kubeIngress, map[string]any{"metadata": metadata})
	stacktest.Deploy(t, "prod", found, plan.Preview())
	stacktest.Deploy(t, "prod", found, plan.Preview(), plan.Set("kubernetes.ingress.redirectHttp", true))
	stacktest.Deploy(t, "prod", found, plan.Preview(), plan.Set("kubernetes.ingress.existingCertificates", []any{"coditect-ai-ssl", "docs-ssl"}))
	stacktest.Deploy(t, "prod", found, plan.Preview(), plan.Set("kubernetes.ingress.giveBack", true))
}

func TestAnUpdateReadsNoIngress(t *testing.T) {
	t.Parallel()
	made, err := stacktest.Try(t, "prod", routed(plan.Rule("docs.coditect.ai", "/", "docs"))...)
	require.NoError(t, err, "the preview before it has refused this; what an update reads would be drift later")
	assert.NotEmpty(t, made.Resources)
}
