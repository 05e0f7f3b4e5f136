package daemon

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/process"
)

func TestAFolderHasOneDaemon(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cloud")
	release, err := alone(t.Context(), dir)
	require.NoError(t, err)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = alone(impatient, dir)
	require.ErrorIs(t, err, errNotAlone)
	require.NoError(t, release())
	again, err := alone(impatient, dir)
	require.NoError(t, err)
	require.NoError(t, again())
}

func TestASecondDaemonEndsNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := alone(t.Context(), dir)
	require.NoError(t, err)
	defer func() { assert.NoError(t, release()) }()
	supervisor, err := process.NewSupervisor(filepath.Join(dir, "run"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	running, err := supervisor.Start(process.Command{Name: "postgres", Path: sleep, Args: []string{"300"}})
	require.NoError(t, err)

	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	err = Run(impatient, Options{Dir: dir, Log: slog.New(slog.DiscardHandler)}, func(Record) error { return nil })
	require.ErrorIs(t, err, errNotAlone)
	select {
	case <-running.Done():
		t.Fatal("a process of the first daemon was ended")
	default:
	}
	_, err = os.Stat(filepath.Join(dir, "run", "postgres.pid"))
	require.NoError(t, err)
}
