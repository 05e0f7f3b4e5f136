package server_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// contract is what the served OpenAPI document promises: for each operation and status
// what stands beside it, which for a refusal is the list of its codes. Every answer in
// these tests is held against it: its status, its code, and its body, field by field.
type contract struct {
	operations *http.ServeMux
	answers    map[string]map[string]string
	// headers are those that answers have, as "OPERATION STATUS NAME".
	headers map[string]bool

	mu      sync.Mutex
	schemas *jsonschema.Compiler
}

// documentName is what the document is called where schemas point into it.
const documentName = "openapi.json"

func (w *fixture) contract(t testing.TB, in *instance) *contract {
	t.Helper()
	served := in.call(t, "GET", "/openapi.json", w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), "")
	require.Equal(t, http.StatusOK, served.status)
	contracts.mu.Lock()
	defer contracts.mu.Unlock()
	if contracts.of == nil {
		contracts.of = map[string]*contract{}
	}
	key := string(served.raw)
	if contracts.of[key] == nil {
		contracts.of[key] = newContract(t, served.raw)
	}
	return contracts.of[key]
}

// contracts are those of the documents that were served, which is one: reading its schemas
// takes as long as many a test.
var contracts struct {
	mu sync.Mutex
	of map[string]*contract
}

func newContract(t testing.TB, served []byte) *contract {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Description string
				Headers     map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(served, &document))
	c := &contract{operations: http.NewServeMux(), answers: map[string]map[string]string{}, headers: map[string]bool{}, schemas: jsonschema.NewCompiler()}
	c.schemas.Draft, c.schemas.AssertFormat = jsonschema.Draft2020, true
	require.NoError(t, c.schemas.AddResource(documentName, bytes.NewReader(served)))
	for path, methods := range document.Paths {
		for method, described := range methods {
			pattern := strings.ToUpper(method) + " " + path
			c.operations.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
			c.answers[pattern] = map[string]string{}
			for status, response := range described.Responses {
				c.answers[pattern][status] = response.Description
				for name := range response.Headers {
					c.headers[pattern+" "+status+" "+name] = true
				}
			}
		}
	}
	return c
}

// holds returns an error for an answer that the document does not have. There is nothing
// to hold an instance against that was not asked for its document.
func (c *contract) holds(request *http.Request, answer reply) error {
	if c == nil {
		return nil
	}
	_, pattern := c.operations.Handler(request)
	answers, documented := c.answers[pattern]
	if !documented {
		return nil
	}
	description, found := answers[strconv.Itoa(answer.status)]
	_, codes, _ := strings.Cut(description, ": ")
	codes, _, _ = strings.Cut(codes, "; ") // what follows is the edge's own answer
	if code := answer.text("code"); !found || code != "" && !slices.Contains(strings.Split(codes, ", "), code) {
		return fmt.Errorf("%s answered %d %q, which OpenAPI does not say: %q", pattern, answer.status, code, description)
	}
	// What every answer has for browsers and connections is not of an operation.
	for _, name := range []string{"Retry-After", "Idempotency-Replayed", "Next-Cursor", "Www-Authenticate", "X-Request-Id", "Allow", "Location", "Link"} {
		if written := map[string]string{"Www-Authenticate": "WWW-Authenticate"}; answer.header.Get(name) != "" && !c.headers[pattern+" "+strconv.Itoa(answer.status)+" "+cmp.Or(written[name], name)] {
			return fmt.Errorf("%s answered %d with a header that OpenAPI does not say: %s", pattern, answer.status, name)
		}
	}
	return c.body(pattern, answer)
}

// body returns an error for a JSON body that is not as the document says.
func (c *contract) body(pattern string, answer reply) error {
	media, _, _ := strings.Cut(answer.header.Get("Content-Type"), ";")
	if answer.body == nil || !strings.Contains(media, "json") {
		return nil
	}
	method, path, _ := strings.Cut(pattern, " ")
	pointer := []string{"paths", path, strings.ToLower(method), "responses", strconv.Itoa(answer.status), "content", media, "schema"}
	for i, part := range pointer {
		pointer[i] = url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	schema, err := c.schemas.Compile(documentName + "#/" + strings.Join(pointer, "/"))
	if err != nil {
		return fmt.Errorf("%s answered %d as %s: %w", pattern, answer.status, media, err)
	}
	if err := schema.Validate(map[string]any(answer.body)); err != nil {
		return fmt.Errorf("%s answered %d with a body that OpenAPI does not say: %#v: %s", pattern, answer.status, err, answer.raw)
	}
	return nil
}
