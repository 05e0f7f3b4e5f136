package drift_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/scenario/drift"
)

func rule(id, expression string) store.Resource {
	properties := map[string]any{"action": "deny(403)", "preview": false, "match": map[string]any{"expr": map[string]any{"expression": expression}}}
	return store.Resource{URN: "urn:" + id, Type: "gcp:compute/securityPolicyRule:SecurityPolicyRule", ID: id, Inputs: properties, Outputs: properties}
}

func ingress(urn string) store.Resource {
	properties := map[string]any{"metadata": map[string]any{"name": "ingress", "annotations": map[string]any{"kubernetes.io/ingress.allow-http": "false", "other": "kept"}}}
	return store.Resource{URN: urn, Type: "kubernetes:networking.k8s.io/v1:Ingress", ID: "ns/ingress", Inputs: properties, Outputs: properties}
}

func open(t *testing.T, resources ...store.Resource) *store.Store {
	t.Helper()
	s := store.New()
	for _, r := range resources {
		require.NoError(t, s.Put(r))
	}
	return s
}

func TestWhatIsDeclaredDriftsAndIsPutBack(t *testing.T) {
	t.Parallel()
	s := open(t, rule("xss", "evaluatePreconfiguredWaf('xss-v422-stable')"), rule("sqli", "evaluatePreconfiguredWaf('sqli-v422-stable')"), ingress("urn:ingress"))
	before := s.List()

	done, undo, err := drift.Apply(s)
	require.NoError(t, err)
	require.Len(t, done, 2, "there is no database here")
	assert.Equal(t, "sqli", done[0].ID)
	assert.Equal(t, false, done[0].Before)
	changed, _ := s.Get("gcp:compute/securityPolicyRule:SecurityPolicyRule", "sqli")
	assert.Equal(t, true, changed.Inputs["preview"], "what a refresh reads as inputs")
	assert.Equal(t, true, changed.Outputs["preview"], "what the load balancer enforces")
	other, _ := s.Get("gcp:compute/securityPolicyRule:SecurityPolicyRule", "xss")
	assert.Equal(t, false, other.Outputs["preview"])
	opened, _ := s.Get("kubernetes:networking.k8s.io/v1:Ingress", "ns/ingress")
	annotations := opened.Outputs["metadata"].(map[string]any)["annotations"]
	assert.Equal(t, map[string]any{"kubernetes.io/ingress.allow-http": "true", "other": "kept"}, annotations)

	require.NoError(t, undo())
	assert.Equal(t, before, s.List())
}

func TestUndoLeavesAloneWhatWasRepairedMeanwhile(t *testing.T) {
	t.Parallel()
	s := open(t, rule("sqli", "evaluatePreconfiguredWaf('sqli-v422-stable')"), ingress("urn:ingress"))
	_, undo, err := drift.Apply(s)
	require.NoError(t, err)
	repaired := rule("sqli", "evaluatePreconfiguredWaf('sqli-v422-stable')")
	repaired.Inputs = map[string]any{"action": "deny(404)"}
	require.NoError(t, s.Put(repaired))
	require.NoError(t, s.Delete("kubernetes:networking.k8s.io/v1:Ingress", "ns/ingress"))

	require.NoError(t, undo())
	left := s.List()
	require.Len(t, left, 1, "what is gone does not come back")
	assert.Equal(t, "deny(404)", left[0].Inputs["action"])
}

func TestWhatTheStackDoesNotOwnIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := open(t, ingress(""))
	_, _, err := drift.Apply(s)
	require.ErrorIs(t, err, drift.ErrNothing)
	kept, _ := s.Get("kubernetes:networking.k8s.io/v1:Ingress", "ns/ingress")
	assert.Equal(t, ingress("").Inputs, kept.Inputs)
}
