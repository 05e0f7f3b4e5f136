package pipeline_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// folders are those of the repository that have a file of this name, as dependabot names
// them.
func folders(t *testing.T, file string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".local", "node_modules", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case entry.Name() == file:
			folder, err := filepath.Rel(root, filepath.Dir(path))
			found = append(found, strings.TrimSuffix("/"+filepath.ToSlash(folder), "/."))
			return err
		}
		return nil
	}))
	for i := range found {
		if found[i] == "" {
			found[i] = "/"
		}
	}
	return found
}

func TestDependencyUpdatesComeForEveryModule(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	require.NoError(t, err)
	var config struct {
		Updates []struct {
			Ecosystem   string   `json:"package-ecosystem"`
			Directories []string `json:"directories"`
		} `json:"updates"`
	}
	require.NoError(t, yaml.Unmarshal(content, &config))
	updated := map[string][]string{}
	for _, u := range config.Updates {
		updated[u.Ecosystem] = u.Directories
	}
	assert.ElementsMatch(t, folders(t, "go.mod"), updated["gomod"])
	assert.ElementsMatch(t, folders(t, "package.json"), updated["npm"])
	assert.NotEmpty(t, updated["github-actions"])
}
