package daemon

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheShellThatStartsTheDaemonLeavesNothingOfItsOwnInIt(t *testing.T) {
	t.Parallel()
	shell := map[string]string{
		"PATH": "/usr/bin", "TZ": "Pacific/Apia", "TMPDIR": "/nowhere", "HOME": "", "PGSERVICE": "other", "LC_ALL": "tr_TR", "HTTPS_PROXY": "http://proxy:3128",
	}
	dir := t.TempDir()
	got, err := environment(dir, func(name string) (string, bool) {
		value, set := shell[name]
		return value, set
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"TMPDIR=" + filepath.Join(dir, "tmp"), "PATH=/usr/bin", "TZ=Pacific/Apia"}, got)
	assert.DirExists(t, filepath.Join(dir, "tmp"))
}
