package stack_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

const module = "github.com/coditect-ai/license-platform/"

// imports returns what each package of the module imports outside of its tests,
// by the package's folder.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	root := stacktest.Root(t)
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != root && (strings.HasPrefix(name, ".") || name == "tools" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[filepath.ToSlash(folder)] = append(all[filepath.ToSlash(folder)], imported)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(all), 20, "the module's packages are found")
	return all
}

func room(folder string) string {
	first, _, _ := strings.Cut(folder, "/")
	return first
}

func TestLayersKnowNoOtherLayer(t *testing.T) {
	t.Parallel()
	layers := map[string]bool{"armor": true, "network": true, "k8s": true, "identity": true, "data": true, "observe": true}
	for folder, imported := range imports(t) {
		for _, path := range imported {
			target, ours := strings.CutPrefix(path, module)
			if !ours || !layers[room(folder)] || room(target) == room(folder) {
				continue
			}
			assert.Equal(t, "setting", room(target), "%s imports %s", folder, target)
		}
	}
}

func TestOnlyWhoNeedsItKnowsPulumiAndTheStack(t *testing.T) {
	t.Parallel()
	for folder, imported := range imports(t) {
		for _, path := range imported {
			switch room(folder) {
			case "app":
				assert.NotContains(t, path, "pulumi", "%s: the API knows nothing of its deployment", folder)
				assert.False(t, strings.HasPrefix(path, module+"local"), "%s imports %s", folder, path)
			case "local":
				if strings.HasPrefix(path, module+"stack") {
					assert.Contains(t, []string{"local", "local/pulumi/engine", "local/command"}, folder, "only the engine runs the stack")
				}
			case "emulator":
				assert.False(t, strings.HasPrefix(path, module+"stack") || strings.HasPrefix(path, module+"local"), "%s imports %s: the plans and the embedded cloud use the emulator", folder, path)
			case "armor", "network", "k8s", "identity", "data", "observe", "stack":
				assert.False(t, strings.HasPrefix(path, module+"local"), "%s imports %s", folder, path)
				if folder != "stack/plan" {
					assert.False(t, strings.HasPrefix(path, module+"emulator"), "%s imports %s: the program does not know what it runs against", folder, path)
				}
			}
		}
	}
}

func TestFewPackagesCompileTheHeavyParts(t *testing.T) {
	t.Parallel()
	sdk := regexp.MustCompile(`^github\.com/pulumi/pulumi-gcp/sdk/v\d+/go/gcp/(\w+)$`)
	allowed := map[string][]string{"compute": {"armor", "network"}, "container": {"k8s/cluster"}}
	seen := map[string]int{}
	for folder, imported := range imports(t) {
		if strings.HasPrefix(folder, "zz_") {
			continue
		}
		for _, path := range imported {
			part := sdk.FindStringSubmatch(path)
			if part == nil || allowed[part[1]] == nil {
				continue
			}
			assert.Contains(t, allowed[part[1]], folder, path)
			seen[part[1]]++
		}
	}
	assert.Len(t, seen, 2)
}
