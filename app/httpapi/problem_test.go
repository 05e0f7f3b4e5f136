package httpapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// codes reads the vocabulary out of its source, so that none can be forgotten.
func codes(t *testing.T) []app.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	require.NoError(t, err)
	var found []app.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		found = append(found, app.Code(text))
		return true
	})
	require.Greater(t, len(found), 20)
	return found
}

func TestEveryCodeIsInTheGuideWithItsStatus(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	all := codes(t)
	assert.ElementsMatch(t, all, app.Codes(), "the list for the OpenAPI document is whole")
	for _, code := range all {
		assert.Contains(t, string(guide), fmt.Sprintf("| `%s` | %d |", code, StatusOf(code)))
		assert.Equal(t, code == app.CodeInternal, StatusOf(code) == 500, "%s has a status of its own", code)
	}
	rows := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\| [45][0-9]{2} \\|").FindAll(guide, -1)
	assert.Len(t, rows, len(all), "and no code in it that there is not")
}
