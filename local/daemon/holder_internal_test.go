package daemon

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACommandThatChangesTheCloudIsKnownByItsLock(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		"bin/local up --edge-port=9443": true, "go run ./local refresh": true, "bin/local down": true, "bin/local drift --keep": true,
		"bin/local preview": false, "": false,
	} {
		dir := t.TempDir()
		content, err := json.Marshal(Holder{Process: os.Getpid(), Command: command, Since: time.Now()})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(LockFile(dir), content, 0o600))
		_, is := changing(dir)
		assert.False(t, is, "'%s' has ended: it does not have the file open", command)
		file, err := os.Open(LockFile(dir))
		require.NoError(t, err)
		_, is = changing(dir)
		assert.Equal(t, want, is, command)
		require.NoError(t, file.Close())
	}
	_, is := changing(t.TempDir())
	assert.False(t, is, "there is no lock yet")
}

func TestALinkInThePathDoesNotHideWhoHasTheLock(t *testing.T) {
	t.Parallel()
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	file, err := os.Create(LockFile(dir))
	require.NoError(t, err)
	defer file.Close()
	assert.True(t, Holder{Process: os.Getpid()}.Holds(LockFile(link)))
}
