package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProgramInABrowserReadsAndSendsEveryHeaderThatIsDocumented(t *testing.T) {
	t.Parallel()
	content, err := Document()
	require.NoError(t, err)
	type named map[string]json.RawMessage
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
			Responses  map[string]struct{ Headers named }
		}
	}
	require.NoError(t, json.Unmarshal(content, &document))
	listed := func(list, name string) bool {
		return slices.ContainsFunc(strings.Split(list, ", "), func(one string) bool { return strings.EqualFold(one, name) })
	}
	// Every answer may be read as far as that (fetch.spec.whatwg.org).
	const always = "Cache-Control, Content-Language, Content-Length, Content-Type, Expires, Last-Modified, Pragma"
	read, sent := 0, 0
	for path, operations := range document.Paths {
		for method, o := range operations {
			for _, parameter := range o.Parameters {
				if parameter.In == "header" {
					sent++
					assert.True(t, listed(sendable, parameter.Name), "%s %s: %s", method, path, parameter.Name)
				}
			}
			for status, response := range o.Responses {
				for name := range response.Headers {
					read++
					assert.True(t, listed(exposed+", "+always, name), "%s %s: %s: %s", method, path, status, name)
				}
			}
		}
	}
	assert.Positive(t, read)
	assert.Positive(t, sent)
}
