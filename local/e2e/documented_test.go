package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

const (
	tenantID = "acme-7xk2p"
	userID   = "k3Wq8ZpLxYd2RtUvBn5Ms1Ha7Gc4"
)

// document is the part of the OpenAPI document that says which calls there are.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string                     `json:"operationId"`
		Responses   map[string]json.RawMessage `json:"responses"`
	} `json:"paths"`
}

// operation is a documented call.
type operation struct {
	method, path string
	statuses     []string
}

// documented reads the operations out of the document that the API serves.
func (g *guarded) documented(t *testing.T, token string) map[string]operation {
	t.Helper()
	status, body := g.send(t, http.MethodGet, "/openapi.json", token, "", nil)
	require.Equal(t, http.StatusOK, status)
	g.passes(t, "the OpenAPI document")
	var read document
	require.NoError(t, json.Unmarshal(body, &read))
	found := map[string]operation{}
	for path, methods := range read.Paths {
		for method, described := range methods {
			o := operation{method: strings.ToUpper(method), path: path}
			for status := range described.Responses {
				o.statuses = append(o.statuses, status)
			}
			found[described.OperationID] = o
		}
	}
	return found
}

func (g *guarded) send(t *testing.T, method, path, token, body string, headers http.Header) (status int, content []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, g.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if headers != nil {
		request.Header = headers.Clone()
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	content, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, content
}

// passes expects that no policy found anything in the call sent last.
func (g *guarded) passes(t *testing.T, call string) {
	t.Helper()
	assert.NotEmpty(t, g.last, call)
	var found []string
	for _, each := range g.last {
		found = append(found, each.matches()...)
		assert.True(t, each.Allowed(), "%s: %s", call, each.who)
	}
	assert.Empty(t, found, call)
}

// TestEveryDocumentedCallPassesTheDeclaredPolicies sends every operation of the
// OpenAPI document to the real API, and asks the policies of all stacks about each
// as the IDE, a browser and curl send it. An operation without an example fails.
func TestEveryDocumentedCallPassesTheDeclaredPolicies(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	g := newGuarded(t, google, `[{"id":"`+tenantID+`","name":"acme"}]`)
	token := func(role string) string {
		claims := apptest.Claims(tenantID, userID)
		claims["email"], claims["email_verified"], claims["name"], claims["role"] = "ada.o'brien+dev@example.com", true, "Åda O'Brien", role
		return google.Mint(t, claims)
	}
	user, admin := token("member"), token("admin")
	documented := g.documented(t, user)
	require.NotEmpty(t, documented)

	tried, leases, secret := map[string]bool{}, map[string]string{}, ""
	for _, e := range examples() {
		o, ok := documented[e.operation]
		require.True(t, ok, "%s is not in the OpenAPI document", e.operation)
		tried[e.operation] = true
		path := strings.NewReplacer("{license_id}", e.license, "{lease_id}", leases[e.lease], "{credential_id}", leases[e.lease]).Replace(o.path)
		if e.query != "" {
			path += "?" + e.query
		}
		caller := user
		if e.admin {
			caller = admin
		}
		if e.service {
			caller = secret
		}
		call := fmt.Sprintf("%s (%s %s %s)", e.operation, o.method, path, e.body)
		status, body := g.send(t, o.method, path, caller, e.body, e.headers)
		require.Equal(t, e.status, status, "%s: %s", call, body)
		assert.Contains(t, o.statuses, fmt.Sprint(status), "the document does not say that %s answers so", call)
		g.passes(t, call)
		if e.keep != "" {
			var made struct {
				Lease      string `json:"leaseId"`
				Credential string `json:"id"`
				Secret     string `json:"secret"`
			}
			require.NoError(t, json.Unmarshal(body, &made), call)
			leases[e.keep] = cmp.Or(made.Lease, made.Credential)
			secret = cmp.Or(made.Secret, secret)
		}
	}
	for id, o := range documented {
		assert.True(t, tried[id], "%s (%s %s) has no example", id, o.method, o.path)
		assert.True(t, slices.Contains([]string{"GET", "POST"}, o.method), "%s is %s: the WAF refuses other methods than GET and POST", id, o.method)
	}
	for _, path := range []string{"/health", "/ready", "/.well-known/jwks.json"} {
		status, _ := g.send(t, http.MethodGet, path, "", "", nil)
		require.Equal(t, http.StatusOK, status, path)
		g.passes(t, path)
	}
	status, _ := g.send(t, http.MethodOptions, "/v1/licenses/team/acquire", "", "", http.Header{
		"Origin": {"https://coditect.ai"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,content-type,idempotency-key"},
	})
	require.Equal(t, http.StatusNoContent, status)
	g.passes(t, "a browser's preflight")

	// The policies are awake: what is no documented call, they see.
	for name, attack := range map[string]struct{ method, path, body string }{
		"SQL injection in the query": {"GET", "/v1/audit?cursor=1%27%20UNION%20SELECT%20password%20FROM%20users--", ""},
		"SQL injection in a body":    {"POST", "/v1/licenses/team/acquire", `{"device":"x' OR 1=1; DROP TABLE leases--"}`},
		"another method":             {"DELETE", "/v1/licenses/team", ""},
	} {
		g.send(t, attack.method, attack.path, user, attack.body, nil)
		for _, each := range g.last {
			assert.NotEmpty(t, each.matches(), "%s: %s", name, each.who)
			assert.False(t, each.Allowed(), "%s: %s", name, each.who)
		}
	}
}
