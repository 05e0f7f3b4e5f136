package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAShellThatAllowsTooFewOpenFilesIsRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, checkOpenFiles())
	require.NoError(t, enoughOpenFiles(1024))
	assert.EqualError(t, enoughOpenFiles(256), "this shell lets a program open 256 files (ulimit -Hn), and the embedded cloud needs 1024: use a new shell, or as root 'ulimit -n 1024'")
}
