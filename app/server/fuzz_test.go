package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzNoRequestBreaksTheService sends an administrator's requests, who may ask for
// everything. Whatever they hold, the answer is one that the OpenAPI document lists, and
// never a failure of the service.
func FuzzNoRequestBreaksTheService(f *testing.F) {
	w := newFixture(f)
	api := w.serve(f, map[string]string{"LOG_LEVEL": "error"})
	admin := w.admin(f)
	var operations []string
	for pattern := range api.contract.answers {
		operations = append(operations, pattern)
	}
	slices.Sort(operations)
	for i := range operations {
		for _, seed := range []struct{ id, query, body string }{
			{"demo", "", ""},
			{"\xff", "cursor=%00", `{"user":"\u0000"}`},
			{"a\x00b", "cursor=%FF&limit=200", `{"all":true,"cursor":"1:\u0000"}`},
			{"demo_" + strings.Repeat("a", 26), "limit=-1", `{"fingerprint":"device","durationSeconds":60}`},
			{"../..", "cursor=99999999999999999999", `{"id":"l","product":"p","seats":1,"expiresAt":"9999-12-31T23:59:59-01:00"}`},
			{"%2F", "a=b;c", `{"id":"m","product":"p\u0000","seats":1,"metadata":{"a\u0000":"b"}}`},
			{"demo", "", `{"id":"n","product":"p","seats":1e9,"overage":1e308,"leaseSeconds":9223372036854775807}`},
			{"demo", "", `{"id":"o","product":"p","seats":1,"expiresAt":"0000-01-01T00:00:00+23:59"}`},
			{"demo", "", "\xff\xfe{"},
		} {
			f.Add(uint8(i), seed.id, seed.query, seed.body)
		}
	}
	f.Fuzz(func(t *testing.T, operation uint8, id, query, body string) {
		method, path, _ := strings.Cut(operations[int(operation)%len(operations)], " ")
		for _, name := range []string{"{license_id}", "{lease_id}", "{credential_id}"} {
			path = strings.ReplaceAll(path, name, url.PathEscape(id))
		}
		request, err := http.NewRequest(method, api.url+path+"?"+query, strings.NewReader(body))
		if err != nil {
			t.Skip("no request at all")
		}
		request.Header.Set("Authorization", "Bearer "+admin)
		request.Header.Set("Content-Type", "application/json")
		response, err := api.client.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		answer := reply{status: response.StatusCode, header: response.Header}
		answer.raw, err = io.ReadAll(response.Body)
		require.NoError(t, err)
		if path == "/ready" || path == "/health" {
			return
		}
		if answer.header.Get("X-Request-Id") == "" {
			require.Equal(t, http.StatusBadRequest, answer.status, "net/http itself answers what is no HTTP")
			return
		}
		require.Less(t, answer.status, 500, string(answer.raw))
		if len(answer.raw) > 0 && !strings.HasPrefix(answer.header.Get("Content-Type"), "text/csv") {
			require.NoError(t, json.Unmarshal(answer.raw, &answer.body), string(answer.raw))
		}
		if answer.status >= 400 {
			assert.Equal(t, "application/problem+json", answer.header.Get("Content-Type"))
			assert.NotEmpty(t, answer.text("code"))
		}
		require.NoError(t, api.contract.holds(request, answer))
	})
}
