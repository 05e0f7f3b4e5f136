package kubelet

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyTheNewestImagesAreKeptAndOtherFilesStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pod.pid"), nil, 0o600))
	for age := range keptImages + 2 {
		root := filepath.Join(dir, "digest"+strconv.Itoa(age), "root")
		require.NoError(t, os.MkdirAll(root, 0o700))
		then := time.Now().Add(-time.Duration(age) * time.Hour)
		require.NoError(t, os.Chtimes(root, then, then))
	}
	require.NoError(t, (&images{dir: dir}).prune())
	assert.DirExists(t, filepath.Join(dir, "digest0", "root"))
	assert.DirExists(t, filepath.Join(dir, "digest"+strconv.Itoa(keptImages-1), "root"))
	assert.NoDirExists(t, filepath.Join(dir, "digest"+strconv.Itoa(keptImages)))
	assert.NoDirExists(t, filepath.Join(dir, "digest"+strconv.Itoa(keptImages+1)))
	assert.FileExists(t, filepath.Join(dir, "pod.pid"))
}
