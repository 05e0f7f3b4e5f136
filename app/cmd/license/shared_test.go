package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestTheLastOfTheCommandsOnADeviceGivesItsSeatBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.holdSeat(t, s.environment())
	await.True(t, first.started)
	second := s.holdSeat(t, s.environment())
	await.True(t, second.started)
	first.end(t)
	assert.NotContains(t, s.called(), "release", "the second one works on with it")

	releasing, goOn := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	s.releasing = func() { close(releasing); await.Receive(t, goOn) }
	s.mu.Unlock()
	require.NoError(t, os.WriteFile(filepath.Join(second.folder, "end"), nil, 0o600))
	await.Receive(t, releasing)
	before := len(s.called())
	third := s.holdSeat(t, s.environment())
	time.Sleep(5 * pollInterval)
	assert.Len(t, s.called(), before, "who comes meanwhile waits, or would lose the seat at once")
	s.mu.Lock()
	s.releasing = nil
	s.mu.Unlock()
	close(goOn)
	assert.Equal(t, exitError(3), await.Receive(t, second.ended))
	await.True(t, third.started)
	third.end(t)
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

func TestWithoutAFolderOfTheUsersOwnEachCommandReleases(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	open := filepath.Join(t.TempDir(), "license")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	for _, session := range []string{"/no/such/folder", filepath.Dir(open)} {
		environment := s.environment()
		environment["XDG_RUNTIME_DIR"], environment["TMPDIR"] = session, "/no/such/folder"
		_, _, err := license(t.Context(), environment, "", "run", "--", "true")
		require.NoError(t, err)
		assert.Equal(t, "release", s.called()[len(s.called())-1])
	}
	files, err := os.ReadDir(open)
	require.NoError(t, err)
	assert.Empty(t, files, "others could write there")
}

// A job of cron has no session, a program in a sandbox has temporary files of its own, and somebody writes the
// server's address with a slash at its end.
func TestCommandsForTheSameSeatFindEachOtherWhereverTheyRun(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	in := func(session, temporary string) map[string]string {
		environment := s.environment()
		environment["XDG_RUNTIME_DIR"], environment["TMPDIR"] = session, temporary
		return environment
	}
	terminal, cron, sandbox := in(s.session, s.session), in("", s.session), in(s.session, t.TempDir())
	slash := in(s.session, s.session)
	slash["LICENSE_SERVER"] += "/"
	for _, other := range []map[string]string{cron, sandbox, slash} {
		for _, two := range [][]map[string]string{{terminal, other}, {other, terminal}} {
			first, second := s.holdSeat(t, two[0]), s.holdSeat(t, two[1])
			await.True(t, first.started)
			await.True(t, second.started)
			before := len(s.called())
			first.end(t)
			assert.NotContains(t, s.called()[before:], "release", "the second one works on with it")
			second.end(t)
			assert.Equal(t, "release", s.called()[len(s.called())-1])
		}
	}
}

func TestOfTwoThatEndAtTheSameTimeOneGivesTheSeatBack(t *testing.T) {
	t.Parallel()
	s, folder := &settings{server: "https://licenses.example", license: "demo"}, t.TempDir()
	environment := func(string) string { return folder }
	for range 20 {
		results := make(chan bool, 2)
		var both [2]*shared
		for i := range both {
			ours, err := share(t.Context(), s, "laptop", environment)
			require.NoError(t, err)
			both[i] = ours
		}
		for _, ours := range both {
			go func() {
				last := ours.last()
				results <- last
				ours.close()
			}()
		}
		one, other := await.Receive(t, results), await.Receive(t, results)
		assert.NotEqual(t, one, other, "exactly one of them is the last")
	}
}
