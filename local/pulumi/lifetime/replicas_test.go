package lifetime_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfAnotherNumberOfPods changes api.replicas after the autoscaler has scaled.
func TestDrillOfAnotherNumberOfPods(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	_, err := w.up(t)
	require.NoError(t, err)
	for _, replicas := range []map[string]any{{"min": 3, "max": 3}, {"min": 5, "max": 9}, {"min": 4, "max": 4}} {
		w.set(t, "api", []string{"replicas"}, replicas)
		require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
		_, err := w.up(t)
		require.NoError(t, err, replicas)
		changes, err := w.up(t)
		require.NoError(t, err)
		assert.Empty(t, changes, replicas)
	}
}
