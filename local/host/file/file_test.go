package file_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/file"
)

func TestAFileIsReplacedInOneStepWithItsFolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "secret")
	for _, content := range []string{"first", "second"} {
		require.NoError(t, file.Replace(path, []byte(content), 0o600))
		found, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(found))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	assert.NoFileExists(t, path+".new", "nothing is left beside it")
}

func TestWhatCannotBeWrittenIsNamedAndTheOldOneStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, file.Replace(path, []byte("old"), 0o600))
	require.NoError(t, os.Mkdir(path+".new", 0o700))
	require.ErrorContains(t, file.Replace(path, []byte("new"), 0o600), "write "+path)
	found, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(found))
}

func TestTheNameOfAFolderIsNoPattern(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"my [old] stuff", "a*b", "what?", `back\slash`, "{one,two}", "100 %"} {
		folder := filepath.Join(t.TempDir(), name)
		none, err := file.Matching(folder, "*.json")
		require.NoError(t, err, "there is no folder yet")
		assert.Empty(t, none)
		for _, path := range []string{"a/1.json", "b/2.json", "b/3.txt"} {
			require.NoError(t, file.Replace(filepath.Join(folder, path), nil, 0o600))
		}
		found, err := file.Matching(folder, "*/*.json")
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Join(folder, "a", "1.json"), filepath.Join(folder, "b", "2.json")}, found, name)
	}
}

func TestAValueIsKeptAndADamagedFileIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seats.json")
	found := map[string]int{"none": 0}
	require.NoError(t, file.LoadJSON(path, "local seats", &found))
	assert.Equal(t, map[string]int{"none": 0}, found, "without a file the value stays as it is")

	require.NoError(t, file.ReplaceJSON(path, "local seats", map[string]int{"a": 1}))
	found = nil
	require.NoError(t, file.LoadJSON(path, "local seats", &found))
	assert.Equal(t, map[string]int{"a": 1}, found)

	require.NoError(t, os.WriteFile(path, []byte(`{"a": `), 0o600))
	require.ErrorContains(t, file.LoadJSON(path, "local seats", &found), "the file of the local seats, "+path+", is damaged")
	require.ErrorContains(t, file.ReplaceJSON(path, "local seats", make(chan int)), "encode the local seats")
}
