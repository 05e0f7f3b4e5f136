package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAFullDiskIsAProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=66m"); err != nil {
		t.Skipf("no disk of its own can be mounted here: %v", err)
	}
	// A program that another test is starting holds the open file for a moment.
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	assert.Empty(t, fullDisk(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more"), make([]byte, 5<<20), 0o600))
	told := fullDisk(dir)
	assert.Contains(t, told, "the disk of "+dir+" is full (61 MiB are free)")
	assert.Equal(t, []string{told}, Status{Disk: told}.CurrentProblems())
}
