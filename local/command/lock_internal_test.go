package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderWithOtherFilesIsNeverTakenForAnEmbeddedClouds(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "thesis.txt"), []byte("years of work"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(home, "lock"), []byte("another program's"), 0o644))
	_, err := lock(home)
	require.ErrorContains(t, err, "name a new or an empty one with --dir")
	require.ErrorContains(t, (&app{dir: home, out: newPrinter(os.Stdout, os.Stderr)}).runDown(t.Context()), "is not an embedded cloud's folder")
	assert.FileExists(t, filepath.Join(home, "thesis.txt"))
}

func TestTheFolderIsForItsUserOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cloud")
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.Chmod(dir, 0o777))
	for range 2 { // empty, and locked before
		release, err := lock(dir)
		require.NoError(t, err)
		release()
		info, err := os.Stat(dir)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
		require.NoError(t, os.WriteFile(filepath.Join(dir, "plan.json"), nil, 0o600))
	}
}
