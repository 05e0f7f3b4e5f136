package process_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/host/logfile"
	"github.com/coditect-ai/license-platform/local/host/process"
)

func TestAProcessCanNeitherFillTheDiskNorTakeBackWhatItSaid(t *testing.T) {
	t.Parallel()
	s := newSupervisor(t)
	path := filepath.Join(t.TempDir(), "pod.log")
	p, err := s.Start(process.Command{
		Name: "talker", Path: "/bin/sh", LogPath: path,
		Args: []string{"-c", `yes "a line of a talker" | head -c 49400000; echo the last line >&2`},
	})
	require.NoError(t, err)
	await.Receive(t, p.Done())
	assert.Equal(t, "the last line", p.Tail(1), "all of it is read, though it took other files")
	for _, file := range []string{path, logfile.Rotated(path)} {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(content), logfile.MaxBytes)
		assert.True(t, strings.HasSuffix(string(content), "line\n") || strings.HasSuffix(string(content), "talker\n"), "no line is divided")
	}

	q, err := s.Start(process.Command{Name: "penitent", Path: "/bin/sh", LogPath: path + ".2", Args: []string{"-c", "echo the first line; truncate -s 0 /proc/self/fd/1; echo the second line"}})
	require.NoError(t, err)
	await.Receive(t, q.Done())
	assert.Contains(t, q.Tail(5), "the first line\n")
	assert.Contains(t, q.Tail(5), "the second line")
}

func TestWhatAProcessLeavesBehindDoesNotKeepItsEndFromBeingTold(t *testing.T) {
	t.Parallel()
	s := newSupervisor(t)
	path := filepath.Join(t.TempDir(), "log")
	p, err := s.Start(process.Command{Name: "parent", Path: "/bin/sh", LogPath: path, Args: []string{"-c", "setsid sleep 5 & echo said"}})
	require.NoError(t, err)
	await.Receive(t, p.Done())
	assert.Contains(t, p.Tail(1), "said")
}
