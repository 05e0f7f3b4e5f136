package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// guarded declares one thing that a hook does not let go.
func guarded(ctx *pulumi.Context) error {
	stays, err := ctx.RegisterResourceHook("stays", func(*pulumi.ResourceHookArgs) error { return errors.New("it has to stay") }, nil)
	if err != nil {
		return err
	}
	var google struct{ pulumi.ProviderResourceState }
	if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google); err != nil {
		return err
	}
	var made thingResource
	return ctx.RegisterResource("gcp:test/thing:Thing", "one", pulumi.Map{"name": pulumi.String("one"), "size": pulumi.Int(1)}, &made,
		pulumi.Provider(&google), pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeDelete: []*pulumi.ResourceHook{stays}}))
}

func TestHooksAreDroppedAlsoAfterAnUpdateThatWasKilled(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	opened := w.open(t, guarded)
	_, err := opened.Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	locks := filepath.Join(w.dir, "state", ".pulumi", "locks", "organization", engine.Project, "local")
	require.NoError(t, os.MkdirAll(locks, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(locks, "left-over.json"), []byte(`{"pid": 2147483600}`), 0o600))

	require.NoError(t, opened.DropHooks(t.Context(), "gcp:test/thing:Thing"))
	require.NoError(t, opened.Destroy(t.Context(), func(engine.Step) {}))
	assert.Empty(t, w.store.List())
}
