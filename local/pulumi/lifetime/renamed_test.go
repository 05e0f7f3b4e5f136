package lifetime_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfAnotherNameInTheCluster gives the Ingress and the namespace other names.
func TestDrillOfAnotherNameInTheCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newWorld(t, "dev")
	_, err := w.up(t)
	require.NoError(t, err)
	for _, changed := range []string{"ingress", "namespace"} {
		w.set(t, "kubernetes", []string{changed, "name"}, "another")
		require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
		_, err := w.up(t)
		require.NoError(t, err, changed)
		changes, err := w.up(t)
		require.NoError(t, err)
		assert.Empty(t, changes, changed)
	}
}
