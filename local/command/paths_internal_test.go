package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderInAShownCommandIsOneWordForTheShell(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "/tmp/cloud-1", quoted("/tmp/cloud-1"))
	for _, folder := range []string{"/tmp/my cloud", "/tmp/wölk", "it's", "$HOME/`id`", "a\"b", "", "~/x"} {
		output, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quoted(folder)).Output()
		require.NoError(t, err)
		assert.Equal(t, folder, string(output))
	}
}

func TestAFolderIsKnownWithoutTheLinksThatLeadToIt(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	disk := filepath.Join(root, "disk")
	require.NoError(t, os.Mkdir(disk, 0o700))
	require.NoError(t, os.Symlink("disk", filepath.Join(root, "home")))
	require.NoError(t, os.Symlink("gone/cloud", filepath.Join(disk, "dangling")))
	for path, want := range map[string]string{
		"home": "disk", "home/new": "disk/new", "home/new/cloud": "disk/new/cloud", "disk": "disk",
		"home/dangling": "disk/gone/cloud", "home/dangling/logs": "disk/gone/cloud/logs",
	} {
		found, err := withoutLinks(filepath.Join(root, path))
		require.NoError(t, err, path)
		assert.Equal(t, filepath.Join(root, want), found, path)
	}
}
