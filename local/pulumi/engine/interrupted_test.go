package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestAKilledUpdateIsCarriedOnAndNothingIsLost kills the engine (SIGKILL) while
// the cloud makes a thing. The thing is made all the same, and no state says so.
func TestAKilledUpdateIsCarriedOnAndNothingIsLost(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	kind := thing()
	var made atomic.Int32
	kind.Ensure = func(_ context.Context, r store.Resource) error {
		if r.ID == "p/slow" && made.Add(1) == 1 {
			close(entered)
			await.Receive(t, leave)
		}
		return nil
	}
	w := newFixtureOf(t, kind)
	things := declare(wanted{name: "quick", size: 1}, wanted{name: "slow", size: 1, after: "quick"}, wanted{name: "last", size: 1, after: "slow"})
	ended := make(chan error, 1)
	opened := w.open(t, things)
	go func() {
		_, err := opened.Up(context.Background(), func(engine.Step) {})
		ended <- err
	}()
	await.Receive(t, entered)
	require.NoError(t, syscall.Kill(w.engineProcess(t), syscall.SIGKILL))
	require.Error(t, await.Receive(t, ended))
	close(leave)
	await.True(t, func() bool { return w.size("p/slow") == 1 })
	assert.Contains(t, w.state(t), `"pending_operations"`)

	next := w.open(t, things)
	require.NoError(t, next.Recover(t.Context()))
	found := map[string]string{}
	_, err := next.Up(t.Context(), ops(found))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"slow": "create ", "last": "create "}, found, "what was done stays done")
	assert.Equal(t, int32(2), made.Load(), "the creation is carried on")
	assert.Len(t, w.store.List(), 3)
	assert.NotContains(t, w.state(t), `"pending_operations"`)
	found = map[string]string{}
	_, err = next.Up(t.Context(), ops(found))
	require.NoError(t, err)
	assert.Empty(t, found)
}

// engineProcess is the process that holds the lock of the state.
func (w fixture) engineProcess(t *testing.T) int {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(w.dir, "state", ".pulumi", "locks", "*", engine.Project, engine.Stack, "*.json"))
	require.NoError(t, err)
	require.Len(t, locks, 1)
	content, err := os.ReadFile(locks[0])
	require.NoError(t, err)
	var lock struct{ Pid int }
	require.NoError(t, json.Unmarshal(content, &lock))
	require.Positive(t, lock.Pid)
	return lock.Pid
}
