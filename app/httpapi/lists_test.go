package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
)

// shelf is a ledger with so many of everything, which notes where lists are asked to begin.
type shelf struct {
	app.Ledger
	has   int
	asked string
}

// some makes the first of what there is, at most limit.
func some[T any](s *shelf, limit int, make func(i int) T) (found []T) {
	for i := range min(s.has, limit) {
		found = append(found, make(i+1))
	}
	return found
}

func (s *shelf) Active(context.Context, string) error { return nil }

func (s *shelf) License(_ context.Context, ref app.LicenseRef) (app.License, error) {
	return app.License{Tenant: ref.Tenant, ID: ref.License, Status: app.StatusActive}, nil
}

func (s *shelf) Licenses(_ context.Context, _, after string, limit int) ([]app.License, error) {
	s.asked = after
	return some(s, limit, func(i int) app.License { return app.License{ID: fmt.Sprintf("license-%d", i)} }), nil
}

func (s *shelf) Leases(_ context.Context, ref app.LicenseRef, after string, limit int) ([]app.Lease, error) {
	s.asked = after
	return some(s, limit, func(i int) app.Lease {
		return app.Lease{License: ref.License, ID: lease([]string{"one", "two", "three", "four", "five"}[i-1])}
	}), nil
}

func (s *shelf) Events(_ context.Context, _ string, before int64, limit int) ([]app.Event, error) {
	s.asked = fmt.Sprint(before)
	return some(s, limit, func(i int) app.Event { return app.Event{ID: int64(100 - i)} }), nil
}

func (s *shelf) ListCredentials(_ context.Context, _, after string, limit int) ([]app.Credential, error) {
	s.asked = after
	return some(s, limit, func(i int) app.Credential { return app.Credential{ID: strings.Repeat(fmt.Sprint(i+1), 26)} }), nil
}

func (s *shelf) Denials(_ context.Context, _, _ string, _ app.Period, after app.Event, limit int) (found []app.Denial, next *app.Event, err error) {
	s.asked = fmt.Sprint(after.At.UnixMicro(), ":", after.ID)
	found = some(s, limit, func(i int) app.Denial {
		return app.Denial{Event: app.Event{ID: int64(i), At: time.UnixMicro(1000).UTC()}}
	})
	if s.has > limit {
		next = &found[len(found)-1].Event
	}
	return found, next, nil
}

func (s *shelf) Export(_ context.Context, _, user string, after app.Place, _ int, _ app.Event) (app.PersonalData, error) {
	s.asked = fmt.Sprintf("%s from %s and %d", user, after.Lease, after.Event)
	data := app.PersonalData{Leases: []app.Lease{{ID: lease("one")}}, Events: []app.Event{{ID: 7}}}
	if s.has > 1 {
		data.Next = &app.Place{Lease: lease("one"), Event: 7}
	}
	return data, nil
}

func (s *shelf) Erase(_ context.Context, _, user string, _ app.Event) (int64, error) {
	s.asked = user
	return 3, nil
}

func (stubSeats) Named(context.Context, string) ([]string, error) { return nil, nil }

func (s *shelf) OpenErased(context.Context, string) ([]string, error) { return nil, nil }

func (s *shelf) OpenOf(context.Context, string, string, string, int) ([]string, error) {
	return nil, nil
}

func (s *shelf) Record(context.Context, string, app.Event) error { return nil }

func (s *shelf) Refuse(context.Context, string, app.Event) error { return nil }

// administrator is an Authenticator to which everybody is one.
type administrator struct{}

func (administrator) Verify(context.Context, string) (app.Principal, error) {
	return app.Principal{Tenant: "demo-1a2b", User: "root", Admin: true}, nil
}

// forgetful remembers no answer.
type forgetful struct{ app.Answers }

func (forgetful) Forget(context.Context, string, string) error { return nil }

// ask sends a request to the API of an administrator, over the shelf.
func (s *shelf) ask(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	handler, err := New(Config{
		Service:       app.New(app.Dependencies{Ledger: s, Seats: stubSeats{}, Answers: forgetful{}, Meter: metrics.New(), Log: quiet, Now: time.Now}),
		Authenticator: administrator{}, Answers: forgetful{}, Metrics: &counted{}, Log: quiet,
		Origins: []string{"https://coditect.ai"}, RequestTimeout: 8 * time.Second, TenantConcurrency: 8,
	})
	require.NoError(t, err)
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer good")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// next is the cursor that an answer ends with.
func next(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	content, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.Code, string(content))
	var answer struct{ Next string }
	require.NoError(t, json.Unmarshal(content, &answer))
	return answer.Next
}

func TestAFullPageNamesWhereTheNextOneBegins(t *testing.T) {
	t.Parallel()
	for path, cursor := range map[string]string{
		"/v1/licenses":             "license-2",
		"/v1/licenses/demo/leases": lease("two"),
		"/v1/audit":                "98",
		"/v1/credentials":          strings.Repeat("3", 26),
		"/v1/denials":              "1000:2",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			full := &shelf{has: 5}
			assert.Equal(t, cursor, next(t, full.ask(t, "GET", path+"?limit=2", "")))
			for _, has := range []int{0, 1} {
				assert.Empty(t, next(t, (&shelf{has: has}).ask(t, "GET", path+"?limit=2", "")), "this is the end")
			}
			next(t, full.ask(t, "GET", path+"?limit=2&cursor="+cursor, ""))
			assert.Equal(t, cursor, full.asked)
		})
	}
}

func TestACursorThatNoAnswerNamedIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/v1/licenses?cursor=A_B", "/v1/licenses/demo/leases?cursor=x", "/v1/audit?cursor=x", "/v1/credentials?cursor=x",
		"/v1/denials?cursor=x", "/v1/denials?cursor=1", "/v1/denials?cursor=1:x", "/v1/denials?cursor=x:1", "/v1/denials?cursor=-1:1", "/v1/denials?cursor=1:-1", "/v1/denials?cursor=250000000000000001:1",
	} {
		w := (&shelf{}).ask(t, "GET", path, "")
		assert.Equal(t, http.StatusUnprocessableEntity, w.Code, path)
		assert.Contains(t, w.Body.String(), "query.cursor", path)
	}
	next(t, (&shelf{}).ask(t, "GET", "/v1/denials?cursor=250000000000000000:0", ""))
	next(t, (&shelf{}).ask(t, "GET", "/v1/denials?cursor=0:0", ""))
	next(t, (&shelf{}).ask(t, "POST", "/v1/privacy/export", `{"user":"ada","cursor":"0:`+lease("one")+`"}`))
	for _, cursor := range []string{"x", "7", "x:" + lease("one"), "-1:" + lease("one")} {
		w := (&shelf{}).ask(t, "POST", "/v1/privacy/export", `{"user":"ada","cursor":"`+cursor+`"}`)
		assert.Equal(t, http.StatusUnprocessableEntity, w.Code, cursor)
		assert.Contains(t, w.Body.String(), "body.cursor", cursor)
	}
}

func TestAnExportGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := &shelf{has: 2}
	cursor := next(t, s.ask(t, "POST", "/v1/privacy/export", `{"user":"ada"}`))
	assert.Equal(t, "ada from  and 0", s.asked)
	s.has = 1
	assert.Empty(t, next(t, s.ask(t, "POST", "/v1/privacy/export", `{"user":"ada","cursor":"`+cursor+`"}`)))
	assert.Equal(t, "ada from "+lease("one")+" and 7", s.asked)
}

func TestPersonalDataIsOfOneUserOrOfAllAndTheRequestSaysWhich(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{
		`{"user":"ada"}`:            http.StatusOK,
		`{"all":true}`:              http.StatusOK,
		`{}`:                        http.StatusUnprocessableEntity,
		`{"user":"ada","all":true}`: http.StatusUnprocessableEntity,
	} {
		for _, path := range []string{"/v1/privacy/export", "/v1/privacy/erase"} {
			assert.Equal(t, status, (&shelf{}).ask(t, "POST", path, body).Code, "%s %s", path, body)
		}
	}
}

func TestOnlyAllowedOriginsMayUseTheAPIFromABrowser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method  string
		headers []string
		status  int
		allowed string
	}{
		"a page of ours reads":           {"GET", []string{"Origin", "https://coditect.ai"}, http.StatusOK, "https://coditect.ai"},
		"a page of ours asks first":      {"OPTIONS", []string{"Origin", "https://coditect.ai", "Access-Control-Request-Method", "POST"}, http.StatusNoContent, "https://coditect.ai"},
		"a foreign page asks first":      {"OPTIONS", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, http.StatusForbidden, ""},
		"a page without a name asks":     {"OPTIONS", []string{"Origin", "null", "Access-Control-Request-Method", "POST"}, http.StatusForbidden, ""},
		"a foreign page reads":           {"GET", []string{"Origin", "https://evil.example"}, http.StatusOK, ""},
		"a program asks for the options": {"OPTIONS", nil, http.StatusMethodNotAllowed, ""},
		"a program reads":                {"GET", nil, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := (&shelf{}).ask(t, c.method, "/v1/licenses", "", c.headers...)
			assert.Equal(t, c.status, w.Code, w.Body.String())
			assert.Equal(t, c.allowed, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Equal(t, c.status == http.StatusNoContent, w.Header().Get("Access-Control-Allow-Methods") != "")
			assert.Contains(t, w.Header().Values("Vary"), "Origin", "no cache gives one origin's answer to another")
		})
	}
}
