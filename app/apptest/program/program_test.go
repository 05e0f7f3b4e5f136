package program_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/program"
)

func TestAProgramCanBeRunAtOnceWhileOthersAreStarted(t *testing.T) {
	t.Parallel()
	dir, done := t.TempDir(), make(chan struct{})
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					assert.NoError(t, exec.Command("true").Run())
				}
			}
		})
	}
	defer others.Wait()
	defer close(done)
	for i := range 100 {
		path := filepath.Join(dir, strconv.Itoa(i))
		program.Write(t, path, []byte("#!/bin/sh\necho started\n"))
		said, err := exec.Command(path).Output()
		require.NoError(t, err)
		require.Equal(t, "started\n", string(said))
	}
}
