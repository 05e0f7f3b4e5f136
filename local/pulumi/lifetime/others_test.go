package lifetime_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// previewed counts what an update would change.
func (w *fixture) previewed(t *testing.T) map[string]int {
	t.Helper()
	changes := map[string]int{}
	require.NoError(t, w.open(t).Preview(t.Context(), func(s engine.Step) {
		if s.Phase == engine.Started && s.Custom && s.Changes() {
			changes[s.Op]++
		}
	}))
	return changes
}

func (w *fixture) refresh(t *testing.T) error {
	t.Helper()
	return w.open(t).Refresh(t.Context(), func(engine.Step) {})
}

// TestDrillOfWhatOthersDeleteAndEdit does what docs/later.md says of what others change.
func TestDrillOfWhatOthersDeleteAndEdit(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	_, err := w.up(t)
	require.NoError(t, err)
	// Of the migration's Job it is what docs/operations.md does after a backup was restored.
	gone := []string{"gcp:compute/firewall:Firewall", gcp.TypeSecurityPolicyRule, gcp.TypeAlertPolicy, "kubernetes:networking.k8s.io/v1:NetworkPolicy", kubernetes.TypeJob}
	for _, typ := range gone {
		there := w.cloud.Store.List(typ)
		require.NotEmpty(t, there, typ)
		require.NoError(t, w.cloud.Store.Delete(typ, there[0].ID))
	}
	w.edit(t)
	assert.Empty(t, w.previewed(t), "an update compares with the state")

	require.NoError(t, w.refresh(t))
	changes, err := w.up(t)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"create": len(gone), "update": 1}, changes)
	assert.NotContains(t, w.deployment(t).Text("spec.template.spec.serviceAccountName"), "theirs")
	assert.Empty(t, w.previewed(t))
}

func (w *fixture) deployment(t *testing.T) provider.Properties {
	t.Helper()
	all := w.cloud.Store.List(kubernetes.TypeDeployment)
	require.Len(t, all, 1)
	return all[0].Outputs
}

// edit does what kubectl edit does.
func (w *fixture) edit(t *testing.T) {
	t.Helper()
	there := w.cloud.Store.List(kubernetes.TypeDeployment)[0]
	text, err := json.Marshal(there.Outputs) // the store hands out what it keeps
	require.NoError(t, err)
	var next map[string]any
	require.NoError(t, json.Unmarshal(text, &next))
	next["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["serviceAccountName"] = "theirs"
	edited, err := apiserver.Update(there.Outputs, next, "kubectl-edit")
	require.NoError(t, err)
	there.Outputs = edited
	require.NoError(t, w.cloud.Store.Put(there))
}

// TestDrillOfALogBucketThatSomebodyDeletes goes through the seven days in which it still answers,
// and what comes after them.
func TestDrillOfALogBucketThatSomebodyDeletes(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	withLanguage(t)
	for _, stack := range []string{"dev", "prod"} { // of the one the bucket is not protected, of the other it is
		t.Run(stack, func(t *testing.T) { logBucketIsDeleted(t, newFixture(t, stack)) })
	}
}

func logBucketIsDeleted(t *testing.T, w *fixture) {
	t.Helper()
	_, err := w.up(t)
	require.NoError(t, err)
	bucket := w.cloud.Store.List(gcp.TypeLogBucket)[0]
	bucket.Outputs["lifecycleState"] = "DELETE_REQUESTED"
	require.NoError(t, w.cloud.Store.Put(bucket))
	require.NoError(t, w.refresh(t))
	assert.Empty(t, w.previewed(t), "nothing tells of it")

	require.NoError(t, w.cloud.Store.Delete(bucket.Type, bucket.ID))
	require.ErrorContains(t, w.refresh(t), "does not exist")
	output, err := w.open(t).Command(t.Context(), "state", "delete", "--stack", w.stack, "--yes", "--force", "--target-dependents", bucket.URN)
	require.NoError(t, err, output)
	w.untilItGetsThrough(t)
	require.NoError(t, w.refresh(t))
	assert.Empty(t, w.previewed(t))
}
