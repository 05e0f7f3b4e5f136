package lifetime_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfAStateThatMoves does what docs/later.md says: the state goes to another place, and
// the stack gets another name there.
func TestDrillOfAStateThatMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, name)
			_, err := w.up(t)
			require.NoError(t, err)
			exported := filepath.Join(t.TempDir(), "state.json")
			run := func(arguments ...string) {
				t.Helper()
				output, err := w.open(t).Command(t.Context(), arguments...)
				require.NoError(t, err, output)
			}
			run("stack", "export", "--stack", name, "--file", exported)
			elsewhere := t.TempDir()
			passphrase, err := os.ReadFile(filepath.Join(w.dir, "passphrase"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "passphrase"), passphrase, 0o600))
			w.dir = elsewhere
			run("stack", "import", "--stack", name, "--file", exported)
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes, "in another place")

			run("stack", "rename", "--stack", name, "renamed")
			w.stack = "renamed"
			changes, err = w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes, "under another name")
		})
	}
}

// TestDrillOfAnotherRegion shows that a stack with data does not move by its setting.
func TestDrillOfAnotherRegion(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	w.set(t, "data", []string{"deletionProtection"}, true)
	_, err := w.up(t)
	require.NoError(t, err)
	w.set(t, "platform", []string{"region"}, "europe-west1")
	err = w.open(t).Preview(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, err, `platform.region = "europe-west1": was us-central1 when the database was made`)
}
