package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// owner is who has the IDE's file of the shared Ingress, and knows nothing of Pulumi.
type owner struct {
	m    *machine
	file string
	// manifest is what the file says.
	manifest map[string]any
}

func newOwner(t *testing.T, m *machine) *owner {
	t.Helper()
	o := &owner{m: m, file: filepath.Join(t.TempDir(), "ingress.yaml"), manifest: cloudide.Manifest()}
	return o
}

// annotations and rules are those of the file.
func (o *owner) annotations() map[string]any {
	return provider.Properties(o.manifest).Object("metadata.annotations")
}

// apply applies the file with kubectl.
func (o *owner) apply(t *testing.T, flags ...string) (string, int) {
	t.Helper()
	text, err := yaml.Marshal(o.manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.file, text, 0o600))
	return o.m.command(t, append([]string{"kubectl", "apply", "-f", o.file}, flags...)...)
}

// live reads the Ingress as it is.
func (o *owner) live(t *testing.T) provider.Properties {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte(o.m.must(t, "kubectl", "get", "ingress", cloudide.Ingress)))
	require.NoError(t, err)
	var live map[string]any
	require.NoError(t, json.Unmarshal(text, &live))
	return live
}

// keeps makes sure that the Ingress has everything that the file says, and what the
// owner has set besides.
func (o *owner) keeps(t *testing.T, ours ...string) {
	t.Helper()
	live := o.live(t)
	for _, part := range []string{"metadata.labels", "spec.tls", "spec.defaultBackend"} {
		wanted, _ := provider.Properties(o.manifest).At(part)
		found, _ := live.At(part)
		assert.Equal(t, plainly(t, wanted), plainly(t, found), part)
	}
	annotations := live.Object("metadata.annotations")
	for key, value := range o.annotations() {
		if !slices.Contains(ours, key) {
			assert.Equal(t, value, annotations[key], key)
		}
	}
	assert.Contains(t, annotations, "kubectl.kubernetes.io/last-applied-configuration")
	assert.Equal(t, "yes", annotations["coditect.ai/annotated"], "what kubectl annotate set")
	rules := plainly(t, live.List("spec.rules"))
	for _, rule := range plainly(t, provider.Properties(o.manifest).List("spec.rules")).([]any) {
		assert.Contains(t, rules, rule)
	}
}

// plainly makes values comparable that came by JSON or not.
func plainly(t *testing.T, value any) (plain any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &plain))
	return plain
}

// ask is the status of a request to a host.
func (o *owner) ask(t *testing.T, host, path string) int {
	t.Helper()
	return o.m.send(t, request{method: http.MethodGet, host: host, path: path, client: "ip=198.51.100.40;region=US"}).status
}

const (
	licenseHost     = "licenses.coditect.ai"
	allowHTTP       = "kubernetes.io/ingress.allow-http"
	certificates    = "networking.gke.io/managed-certificates"
	frontendConfigs = "networking.gke.io/v1beta1.FrontendConfig"
)

// TestTheIDEsOwnerAndTheStackShareOneIngress is the story of two who change one
// Ingress, one with kubectl and one with Pulumi.
func TestTheIDEsOwnerAndTheStackShareOneIngress(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a whole stack; make drills runs it")
	}
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	m.connect(t)
	o := newOwner(t, m)
	const redirect = "kubernetes.ingress.redirectHttp=true"

	steps := []struct {
		name string
		run  func(*testing.T)
	}{
		{"kubectl annotate of anything else is the owner's, and our update keeps it", func(t *testing.T) {
			m.must(t, "kubectl", "annotate", "ingress", cloudide.Ingress, "coditect.ai/annotated=yes")
			assert.NotContains(t, m.must(t, "preview"), "has lost")
			m.must(t, "up", "--config", redirect)
			o.keeps(t, allowHTTP, certificates)
			assert.Equal(t, "true", o.live(t).Object("metadata.annotations")[allowHTTP])
			assert.Equal(t, http.StatusOK, o.ask(t, licenseHost, "/health"))
		}},
		{"a server-side apply is told whose the fields are, and changes nothing", func(t *testing.T) {
			before := o.live(t)
			output, code := o.apply(t, "--server-side")
			assert.Equal(t, 1, code)
			assert.Contains(t, output, `conflicts with "license-platform"`)
			assert.Contains(t, output, ".spec.rules")
			assert.Equal(t, before, o.live(t))
		}},
		{"a client-side apply of the owner's file takes the host out, and the next preview names what was lost", func(t *testing.T) {
			o.annotations()["coditect.ai/on-call"] = "somebody-else@coditect.ai"
			provider.Properties(o.manifest).Object("metadata.labels")["tier"] = "front"
			output, code := o.apply(t)
			require.Zero(t, code, output)
			o.keeps(t)
			assert.Equal(t, http.StatusOK, o.ask(t, "docs.coditect.ai", "/"))
			assert.NotContains(t, hosts(o.live(t)), licenseHost)
			output = m.must(t, "preview", "--config", redirect)
			assert.Contains(t, output, "Ingress coditect-app/coditect-unified-ingress has lost the host licenses.coditect.ai, the certificate license-platform, kubernetes.io/ingress.allow-http: true since the last update")
			assert.Contains(t, output, "0 changes", "an update alone would put nothing back")
		}},
		{"a refresh and an update put it back, and what the owner has changed stays", func(t *testing.T) {
			assert.Contains(t, m.must(t, "refresh"), "IngressPatch")
			m.must(t, "up", "--config", redirect)
			assert.Equal(t, http.StatusOK, o.ask(t, licenseHost, "/health"))
			assert.Equal(t, "true", o.live(t).Object("metadata.annotations")[allowHTTP])
			o.keeps(t, allowHTTP, certificates)
			assert.NotContains(t, m.must(t, "preview", "--config", redirect), "has lost")
		}},
		{"so do they after a server-side apply that forces conflicts", func(t *testing.T) {
			output, code := o.apply(t, "--server-side", "--force-conflicts")
			require.Zero(t, code, output)
			assert.Contains(t, m.must(t, "preview", "--config", redirect), "has lost the host licenses.coditect.ai")
			m.must(t, "refresh")
			m.must(t, "up", "--config", redirect)
			assert.Equal(t, http.StatusOK, o.ask(t, licenseHost, "/health"))
			o.keeps(t, allowHTTP, certificates)
		}},
		{"a route that the settings do not know is named in the preview", func(t *testing.T) {
			output, code := m.command(t, "preview", "--config", `kubernetes.ingress.routes=[{"subdomain":"api","paths":[{"path":"/","service":"coditect-api-v2","port":80}]}]`)
			assert.Equal(t, 1, code)
			for _, lost := range []string{"docs.coditect.ai/ (Prefix) → coditect-frontend:80", "www.coditect.ai/", "coditect.ai/ws", "would be dropped"} {
				assert.Contains(t, output, lost)
			}
		}},
		{"a destroy before it is given back is refused, and everything stays", func(t *testing.T) {
			before := m.declared(t)
			output, code := m.command(t, "down", "--stack-only")
			assert.Equal(t, 1, code)
			assert.Contains(t, output, "kubernetes.ingress.giveBack")
			assert.Contains(t, output, "docs/destroy.md")
			assert.Equal(t, before, m.declared(t))
			assert.Equal(t, http.StatusOK, o.ask(t, licenseHost, "/health"))
		}},
		{"given back, the Ingress is the owner's alone", func(t *testing.T) {
			m.must(t, "up", "--config", "kubernetes.ingress.giveBack=true")
			o.keeps(t)
			live := o.live(t)
			assert.NotContains(t, hosts(live), licenseHost)
			assert.Len(t, live.List("spec.rules"), 4)
		}},
		{"and stays so when the stack is gone", func(t *testing.T) {
			m.must(t, "down", "--stack-only")
			o.keeps(t)
			for _, host := range []string{"api.coditect.ai", "coditect.ai", "www.coditect.ai", "docs.coditect.ai"} {
				assert.Equal(t, http.StatusOK, o.ask(t, host, "/"), host)
			}
			output, code := o.apply(t, "--server-side", "--force-conflicts")
			require.Zero(t, code, output)
			m.must(t, "kubectl", "annotate", "ingress", cloudide.Ingress, frontendConfigs+"=")
			assert.NotContains(t, m.must(t, "status"), "problem", "nothing of the load balancer stalls")
		}},
	}
	for _, step := range steps {
		if !t.Run(step.name, step.run) {
			t.Fatalf("the story ends at: %s", step.name)
		}
	}
}

// hosts are those of an Ingress's rules.
func hosts(live provider.Properties) (names []string) {
	for _, item := range live.List("spec.rules") {
		rule, _ := item.(map[string]any)
		name, _ := rule["host"].(string)
		names = append(names, name)
	}
	return names
}
