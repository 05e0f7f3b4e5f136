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

func TestTheDocumentSaysWhatEachKindOfOperationAnswers(t *testing.T) {
	t.Parallel()
	content, err := httpapi.Document()
	require.NoError(t, err)
	type response struct {
		Description string
		Headers     map[string]any
		Content     map[string]any
	}
	var document struct {
		Paths map[string]map[string]struct{ Responses map[string]response }
	}
	require.NoError(t, json.Unmarshal(content, &document))
	of := func(method, path string) map[string]response {
		found := document.Paths[path][method].Responses
		require.NotEmpty(t, found, "%s %s", method, path)
		return found
	}
	acquire, list, report := of("post", "/v1/licenses/{license_id}/acquire"), of("get", "/v1/licenses"), of("get", "/v1/denials")
	assert.Equal(t, acquire["201"].Content, acquire["200"].Content, "a new lease and an extended one look alike")
	assert.NotContains(t, list, "201")
	assert.Contains(t, acquire["403"].Description, "cross_origin_refused")
	assert.NotContains(t, list["403"].Description, "cross_origin_refused", "a foreign page may read nothing anyway")
	for name, responses := range map[string]map[string]response{"acquire": acquire, "list": list, "report": report} {
		assert.Contains(t, responses["401"].Description, "invalid_token", name)
		assert.Contains(t, responses["403"].Content, "application/problem+json", name)
	}
	assert.Contains(t, report["200"].Content, "text/csv")
	assert.Contains(t, report["200"].Headers, "Next-Cursor")
	assert.NotContains(t, report["200"].Headers, "Content-Type")
	assert.NotContains(t, report["200"].Headers, "Vary")
}
