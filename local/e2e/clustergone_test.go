package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// declared lists what exists of the stack's, but for what a destroy leaves.
func (m *machine) declared(t *testing.T) (types map[string]int) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "store.json"))
	require.NoError(t, err)
	var all []store.Resource
	require.NoError(t, json.Unmarshal(content, &all))
	types = map[string]int{}
	for _, r := range all {
		if r.URN != "" && r.Deleted.IsZero() {
			types[r.Type]++
		}
	}
	return types
}

// TestAStackIsDestroyedWhenItsClusterIsGone does what docs/destroy.md says, in its order.
func TestAStackIsDestroyedWhenItsClusterIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a whole stack; make drills runs it")
	}
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	m.connect(t)
	before := m.declared(t)
	require.NotZero(t, before["kubernetes:apps/v1:Deployment"])

	m.must(t, "fail", "cluster")
	got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health"})
	assert.Equal(t, http.StatusBadGateway, got.status, "the load balancer is left over, and nobody is behind it")

	output, code := m.command(t, "down", "--stack-only")
	assert.Equal(t, 1, code)
	assert.Contains(t, output, "kubernetes.ingress.giveBack", "the Ingress was adopted, and nobody can give it back")
	assert.Contains(t, output, "docs/destroy.md")
	assert.Equal(t, before["kubernetes:apps/v1:Deployment"], m.declared(t)["kubernetes:apps/v1:Deployment"])

	t.Setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
	output, code = m.command(t, "down", "--stack-only")
	assert.Equal(t, 1, code, "what the cluster's controllers made is still there")
	assert.NotContains(t, output, "configured Kubernetes cluster is unreachable")
	assert.Contains(t, output, "is already being used", "Google refuses to delete the Cloud Armor policy")

	m.must(t, "heal", "cluster") // the load balancer is deleted by hand
	m.must(t, "down", "--stack-only")
	for typ, count := range m.declared(t) {
		assert.False(t, strings.HasPrefix(typ, "kubernetes:"), "%d of %s are left", count, typ)
	}
	for _, host := range []string{"api.coditect.ai", "coditect.ai", "docs.coditect.ai"} {
		assert.Equal(t, http.StatusOK, m.send(t, request{method: http.MethodGet, host: host, path: "/"}).status, host)
	}
	assert.NotContains(t, m.must(t, "status"), "problem")
}
