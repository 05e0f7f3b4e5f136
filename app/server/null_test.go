package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestNullIsNoValueOfAnyField(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(api.call(t, "GET", "/openapi.json", "", "").raw, &document))
	asked := 0
	for path, methods := range document.Paths {
		for method, operation := range methods {
			name := strings.TrimPrefix(operation.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")
			if name == "" {
				continue
			}
			where := strings.ReplaceAll(path, "{license_id}", "demo")
			require.NotEmpty(t, document.Components.Schemas[name].Properties, path)
			for field := range document.Components.Schemas[name].Properties {
				body := map[string]any{}
				if example := good(strings.ToUpper(method) + " " + path); example != "" {
					require.NoError(t, json.Unmarshal([]byte(example), &body))
				}
				body[field] = nil
				text, err := json.Marshal(body)
				require.NoError(t, err)
				refused := api.call(t, strings.ToUpper(method), where, admin, string(text))
				assert.Equal(t, "validation_failed", refused.text("code"), "%s of %s", field, path)
				assert.Contains(t, string(refused.raw), `"body.`+field+`"`)
				asked++
			}
		}
	}
	assert.Greater(t, asked, 30)
	for _, body := range []string{`{"metadata":{"a":null}}`, `{"features":[null]}`, `{"reservations":[{"group":null,"seats":1}]}`, `null`} {
		assert.Equal(t, "validation_failed", api.call(t, "POST", "/v1/licenses/demo/update", admin, body).text("code"), body)
	}
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	assert.Equal(t, "validation_failed", api.call(t, "POST", "/v1/licenses/demo/acquire", ada, `null`).text("code"), "it does not name a device, nor leave one out")
}
