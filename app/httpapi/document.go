package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coditect-ai/license-platform/app"
)

// Document returns the OpenAPI 3.1 document, as it is served, for builds of clients.
func Document() ([]byte, error) {
	a, _, err := assemble(Config{})
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
}

// description is the head of the OpenAPI document.
func description() huma.Config {
	config := huma.DefaultConfig("License API", "1.0.0")
	config.Info.Description = "Floating licences: acquire a seat, keep it with heartbeats, give it back."
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.Servers = []*huma.Server{{
		URL: "https://{host}", Description: "A stack's licence API; the host is its setting.",
		Variables: map[string]*huma.ServerVariable{"host": {Default: "licenses.coditect.ai", Description: "The host of the licence API"}},
	}}
	config.Tags = []*huma.Tag{
		{Name: tagLeases, Description: "What devices call"},
		{Name: tagLicences, Description: "What every user may see"},
		{Name: tagAdministration, Description: "What administrators of a tenant call"},
		{Name: tagPublic, Description: "What needs no token"},
	}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": exactJSON(), "json": exactJSON()}
	config.Transformers = []huma.Transformer{translate}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"identity":   {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An Identity Platform ID token of one of the tenant's users."},
		"credential": {Type: "http", Scheme: "bearer", Description: "A service credential of the tenant, for programs without a person. It is never an administrator's."},
	}
	return config
}

// The groups of operations in the document.
const (
	tagLeases         = "Leases"
	tagLicences       = "Licences"
	tagAdministration = "Administration"
	tagPublic         = "Public"
)

// finish adds to the document the operations outside of huma, and what huma's reflection
// does not find.
func (a *api) finish() {
	document := a.huma.OpenAPI()
	schemas := document.Components.Schemas
	// huma's own error model is never sent.
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	enumerate(schemas.Map()["Problem"], "code", app.Codes())
	enumerate(schemas.Map()["Event"], "code", app.Codes())
	enumerate(schemas.Map()["Event"], "action", app.Actions())
	enumerate(schemas.Map()["Denial"], "code", app.Codes())
	enumerate(schemas.Map()["Lease"], "reason", app.Reasons())
	a.describePublic(document)
	for _, path := range document.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Post} {
			if o == nil {
				continue
			}
			for status, response := range o.Responses {
				a.describeHeaders(o, status, response)
			}
		}
	}
}

// enumerate says which values a field of text has.
func enumerate[T ~string](schema *huma.Schema, field string, values []T) {
	schema.Properties[field].Enum = nil
	for _, value := range values {
		schema.Properties[field].Enum = append(schema.Properties[field].Enum, string(value))
	}
}

// describeHeaders documents the headers of an answer.
func (a *api) describeHeaders(o *huma.Operation, status string, response *huma.Response) {
	text := func(description string) *huma.Param {
		return &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	if response.Headers == nil {
		response.Headers = map[string]*huma.Param{}
	}
	response.Headers["X-Request-Id"] = text("Finds the request in the service's logs and in the audit trail")
	_, remembered := a.remembered[o.Method+" "+o.Path]
	switch number, err := strconv.Atoi(status); {
	case err != nil:
	case number < 300 && remembered:
		response.Headers["Idempotency-Replayed"] = &huma.Param{
			Description: "true when this is the answer that an earlier request with the same Idempotency-Key got; else missing",
			Schema:      &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}},
		}
	case number == http.StatusUnauthorized:
		response.Headers["WWW-Authenticate"] = text("Bearer")
	case number == http.StatusMethodNotAllowed:
		response.Headers["Allow"] = text("The methods of this address")
	case slices.Contains([]int{http.StatusConflict, http.StatusGone, http.StatusTooManyRequests, http.StatusServiceUnavailable}, number):
		response.Headers["Retry-After"] = &huma.Param{
			Description: "When the same request may succeed, in seconds; missing when nobody can say", Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: new(float64(1))},
		}
	}
}

// describePublic documents the addresses that need no token.
func (a *api) describePublic(document *huma.OpenAPI) {
	schema := func(value reflect.Type, name string) *huma.Schema {
		return document.Components.Schemas.Schema(value, true, name)
	}
	answer := func(description, media string, schema *huma.Schema) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{media: {Schema: schema}}}
	}
	public := func(id, path, summary, text string, responses map[string]*huma.Response, codes ...app.Code) {
		for status, response := range a.responses(append(codes, app.CodeMethodNotAllowed, app.CodeInternal)) {
			responses[status] = response
		}
		document.AddOperation(&huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{tagPublic}, Summary: summary, Description: text,
			Security: []map[string][]string{}, Responses: responses,
		})
	}
	ready := schema(reflect.TypeFor[Readiness](), "Readiness")
	public("health", pathHealth, "Whether the process runs", "", map[string]*huma.Response{"200": answer("It runs", "application/json", schema(reflect.TypeFor[Health](), "Health"))})
	public("ready", pathReady, "Whether it can serve", "With the state of each dependency.", map[string]*huma.Response{
		"200": answer("It can", "application/json", ready), "503": answer("It cannot", "application/json", ready),
	})
	keys := answer("The key set, which may be kept for as long as Cache-Control says", "application/jwk-set+json", schema(reflect.TypeFor[KeySet](), "KeySet"))
	keys.Headers = map[string]*huma.Param{
		"ETag":          {Description: "For If-None-Match", Schema: &huma.Schema{Type: huma.TypeString}},
		"Cache-Control": {Description: "How long it may be kept", Schema: &huma.Schema{Type: huma.TypeString}},
	}
	public("keys", pathKeys, "The public keys of licence tokens", "A JSON Web Key Set (RFC 7517) with every key version in use.", map[string]*huma.Response{
		"200": keys, "304": {Description: "Not changed since the ETag of If-None-Match"},
	}, app.CodeUnavailable)
	document.Paths[pathKeys].Get.Parameters = []*huma.Param{{Name: "If-None-Match", In: "header", Description: "The ETag of a set that is known", Schema: &huma.Schema{Type: huma.TypeString}}}
	public("openapi", pathOpenAPI, "This document", "", map[string]*huma.Response{
		"200": answer("OpenAPI 3.1", "application/openapi+json", &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}),
	})
}

// serveDocument serves the document, which is written out once.
func (a *api) serveDocument(mux *http.ServeMux) error {
	content, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	mux.HandleFunc("GET "+pathOpenAPI, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		// The client may be gone; there is nobody left to tell.
		_, _ = w.Write(content)
	})
	return nil
}
