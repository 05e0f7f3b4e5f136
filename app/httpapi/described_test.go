package httpapi_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/httpapi"
)

// The table of docs/api.md says what each operation takes and answers in fewer words
// than the OpenAPI document, so it is written by hand: this finds what is missing.
func TestTheGuideListsTheOperationsOfTheOpenAPIDocument(t *testing.T) {
	t.Parallel()
	content, err := httpapi.Document()
	require.NoError(t, err)
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(content, &document))
	guide, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	id := regexp.MustCompile(`\{[a-z_]+\}`)
	var offered []string
	for path, methods := range document.Paths {
		for method := range methods {
			offered = append(offered, strings.ToUpper(method)+" "+id.ReplaceAllString(path, "{id}"))
		}
	}
	require.NotEmpty(t, offered)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:GET|POST) [^`?]+)[^`]*`([^|]*)").FindAllStringSubmatch(string(guide), -1) {
		listed = append(listed, row[1])
		for _, other := range regexp.MustCompile("`(/[a-z]+)`").FindAllStringSubmatch(row[2], -1) { // of the same kind, and shown by its end
			listed = append(listed, row[1][:strings.LastIndex(row[1], "/")]+other[1])
		}
	}
	assert.ElementsMatch(t, offered, listed)
}
