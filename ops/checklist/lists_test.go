package checklist_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/checklist"
)

func TestEveryTestThatProvesAnItemExists(t *testing.T) {
	t.Parallel()
	for _, item := range checklist.Design() {
		for _, proof := range item.Tests {
			function, texts := find(t, proof)
			require.True(t, function, "%s is proved by %s, which does not exist", item.ID, proof)
			if proof.Step != "" {
				assert.True(t, texts[proof.Step], "%s is proved by %s, whose step does not exist", item.ID, proof)
			}
		}
	}
}

// find looks for the test in its package, and returns the texts in the file that
// it stands in.
func find(t *testing.T, proof checklist.Test) (found bool, texts map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(proof.Package), "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		here := slices.ContainsFunc(parsed.Decls, func(d ast.Decl) bool {
			function, ok := d.(*ast.FuncDecl)
			return ok && function.Recv == nil && function.Name.Name == proof.Name
		})
		if !here {
			continue
		}
		texts = map[string]bool{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				texts[text] = true
			}
			return true
		})
		return true, texts
	}
	return false, nil
}

func TestEveryItemIsProvedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, item := range slices.Concat(checklist.Design(), checklist.Checkov()) {
		assert.False(t, seen[item.ID], "%s is listed twice", item.ID)
		seen[item.ID] = true
		assert.NotEmpty(t, item.Text, item.ID)
		proved := len(item.Requirements) > 0 || len(item.Tests) > 0
		assert.True(t, proved || item.Why != "", "%s is proved by nothing", item.ID)
	}
}

// The design's list has 26 items; checkov's ids run without a gap.
func TestNoItemIsLeftOut(t *testing.T) {
	t.Parallel()
	assert.Len(t, checklist.Design(), 26)
	seen := map[string]int{}
	for _, item := range checklist.Checkov() {
		seen[item.ID]++
	}
	for _, skip := range checklist.Skipped() {
		assert.NotEmpty(t, skip.Why, skip.IDs)
		for _, id := range skip.IDs {
			seen[id]++
		}
	}
	for prefix, last := range map[string]int{"CKV_GCP_": 127, "CKV2_GCP_": 38} {
		for n := 1; n <= last; n++ {
			id := fmt.Sprint(prefix, n)
			assert.Equal(t, 1, seen[id], "%s is made or skipped, once", id)
			delete(seen, id)
		}
	}
	assert.Empty(t, seen, "checkov has no such checks")
}

func TestTheAPISetsNoCookie(t *testing.T) {
	t.Parallel()
	files := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "app"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				assert.NotContains(t, []string{"SetCookie", "Cookie", "Cookies"}, n.Sel.Name, path)
			case *ast.BasicLit:
				assert.NotContains(t, strings.ToLower(n.Value), "set-cookie", path)
			}
			return true
		})
		return nil
	}))
	assert.Greater(t, files, 20)
}
