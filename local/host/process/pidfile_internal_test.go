package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNobodyReadsHalfAPIDFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "server.pid")
	require.NoError(t, writePIDFile(path, os.Getppid()))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	// Who has opened the file before goes on reading what it held.
	opened := filepath.Join(filepath.Dir(path), "opened")
	require.NoError(t, os.Link(path, opened))

	require.NoError(t, writePIDFile(path, os.Getpid()))

	content, err := os.ReadFile(opened)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(content))
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), stalePID(string(content)))
}
