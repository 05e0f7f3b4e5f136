package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// contract is what the served OpenAPI document promises: for each operation and status
// what stands beside it, which for a refusal is the list of its codes. Every answer in
// these tests is held against it.
type contract struct {
	operations *http.ServeMux
	answers    map[string]map[string]string
}

func (w *world) contract(t testing.TB, in *instance) *contract {
	t.Helper()
	served := in.call(t, "GET", "/openapi.json", w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), "")
	require.Equal(t, http.StatusOK, served.status)
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Description string }
		}
	}
	require.NoError(t, json.Unmarshal(served.raw, &document))
	c := &contract{operations: http.NewServeMux(), answers: map[string]map[string]string{}}
	for path, methods := range document.Paths {
		for method, described := range methods {
			pattern := strings.ToUpper(method) + " " + path
			c.operations.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
			c.answers[pattern] = map[string]string{}
			for status, response := range described.Responses {
				c.answers[pattern][status] = response.Description
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
	return nil
}
