package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
)

// Stand-ins for what a heartbeat reaches. The lease's name says what becomes of it.
type (
	stubSeats  struct{ app.Seats }
	stubLedger struct {
		app.Ledger
		trail io.Writer
	}
	stubAuthenticator struct{}
	stubAnswers       struct{ app.Answers }
)

// lease is the id of a lease that the stand-ins treat as `fate` says.
func lease(fate string) string {
	return "demo_" + fate + strings.Repeat("a", 26-len(fate))
}

func (stubSeats) Extend(_ context.Context, _ app.LicenseRef, id, _ string) (app.Extended, error) {
	fate := strings.TrimRight(strings.TrimPrefix(id, "demo_"), "a")
	answer := app.Extended{ExpiresAt: time.Date(2026, 11, 23, 18, 0, 0, 123456000, time.UTC), Interval: 20 * time.Second}
	switch fate {
	case "revived":
		answer.Revived = true
	case "whole":
		answer.ExpiresAt = answer.ExpiresAt.Truncate(time.Second)
	case "missing":
		return app.Extended{}, app.ErrAbsent
	case "expired":
		return app.Extended{}, app.NewError(app.CodeLeaseExpired, "the lease has expired & <no> seat is free; acquire again")
	case "strange":
		return app.Extended{}, app.NewError(app.CodeNotHolder, "the lease belongs to another user")
	case "down":
		return app.Extended{}, app.Unavailable("store of live seats", errors.New("connection refused"))
	case "unknown":
		return app.Extended{}, errors.New("script extend returned nothing")
	case "panic":
		panic("the store is broken")
	}
	return answer, nil
}

func (stubLedger) Lease(context.Context, string, string) (app.Lease, error) {
	return app.Lease{}, app.NewError(app.CodeLeaseNotFound, "the tenant has no such lease")
}

// Record writes the audit trail to where the log goes, to be compared with it.
func (l stubLedger) Record(_ context.Context, tenant string, event app.Event) error {
	_, err := fmt.Fprintf(l.trail, "%s: %+v\n", tenant, event)
	return err
}

// Refuse is Record of a refusal.
func (l stubLedger) Refuse(ctx context.Context, tenant string, event app.Event) error {
	return l.Record(ctx, tenant, event)
}

func (stubLedger) Active(context.Context, string) error { return nil }

func (stubAuthenticator) Verify(_ context.Context, token string) (app.Principal, error) {
	if token != "good" {
		return app.Principal{}, app.NewError(app.CodeInvalidToken, "the identity token is not valid")
	}
	return app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com"}, nil
}

func (stubAnswers) Begin(context.Context, app.Principal, string, string) (*app.Answer, error) {
	return &app.Answer{Status: 200, Body: []byte("the first answer"), Header: map[string]string{"Content-Type": "text/plain"}}, nil
}

// counted notes what the metrics are told.
type counted struct {
	mu  sync.Mutex
	all []string
}

func (c *counted) Started() func(route, method string, code int, took time.Duration) {
	return func(route, method string, code int, _ time.Duration) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, route+" "+method+" "+http.StatusText(code))
	}
}

func stubConfig(log io.Writer, measured Metrics) Config {
	handler := slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "time" || a.Key == "latency" {
			return slog.Attr{}
		}
		// A panic's stack differs from path to path.
		if text := a.Value.String(); a.Key == "error" && strings.HasPrefix(text, "panic") {
			first, _, _ := strings.Cut(text, "\n")
			return slog.String("error", first)
		}
		return a
	}})
	service := app.New(app.Dependencies{
		Ledger: stubLedger{trail: log}, Seats: stubSeats{}, Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	return Config{
		Service: service, Authenticator: stubAuthenticator{}, Answers: stubAnswers{}, Metrics: measured, Log: slog.New(WithRequest(handler)),
		Origins: []string{"https://coditect.ai"}, Project: "p", RequestTimeout: 8 * time.Second, TenantConcurrency: 8,
	}
}

func heartbeatRequest(path string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("X-Request-Id", "request-1")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return r
}

// BenchmarkHeartbeatHandler compares the short way with the way of all other requests,
// both without HTTP and without Redis.
func BenchmarkHeartbeatHandler(b *testing.B) {
	config := stubConfig(io.Discard, metrics.New())
	config.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	handler, err := New(config)
	require.NoError(b, err)
	a, layers, err := assemble(config)
	require.NoError(b, err)
	r := heartbeatRequest("/v1/leases/"+lease("ok")+"/heartbeat", "X-Request-Id", "")
	for name, handler := range map[string]http.Handler{"plain": handler, "others": a.observed(layers)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := discarded{header: http.Header{}}
				handler.ServeHTTP(&w, r)
				if w.header["Content-Type"] == nil {
					b.Fatal("no answer")
				}
			}
		})
	}
}

// answer is all that a request leaves behind.
type answer struct {
	status       int
	header       http.Header
	body         string
	log, metrics string
}

func answerOf(t *testing.T, plain bool, r *http.Request) answer {
	t.Helper()
	var log bytes.Buffer
	measured := &counted{}
	config := stubConfig(&log, measured)
	handler, err := New(config)
	require.NoError(t, err)
	if !plain {
		a, layers, err := assemble(config)
		require.NoError(t, err)
		handler = a.observed(layers)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.String(), log.String(), strings.Join(measured.all, "\n")}
}

func TestAPlainHeartbeatIsAnsweredAsAllOtherRequestsAre(t *testing.T) {
	t.Parallel()
	path := func(fate string) string { return "/v1/leases/" + lease(fate) + "/heartbeat" }
	for name, c := range map[string]struct {
		path    string
		headers []string
		status  int
		// other is true for a request that is none of the plain ones.
		other bool
	}{
		"a lease that lives":               {path: path("ok"), status: 200},
		"an expiry without a fraction":     {path: path("whole"), status: 200},
		"a lease that is revived":          {path: path("revived"), status: 200},
		"a query that nobody reads":        {path: path("ok") + "?token=secret", status: 200},
		"a client that takes JSON":         {path: path("ok"), headers: []string{"Accept", "application/json"}, status: 200},
		"a client that takes anything":     {path: path("ok"), headers: []string{"Accept", "*/*"}, status: 200},
		"a trace":                          {path: path("ok"), headers: []string{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, status: 200},
		"a client behind a load balancer":  {path: path("ok"), headers: []string{"X-Forwarded-For", "203.0.113.9, 34.1.2.3"}, status: 200},
		"a content type without content":   {path: path("ok"), headers: []string{"Content-Type", "application/xml"}, status: 200},
		"no token":                         {path: path("ok"), headers: []string{"Authorization", ""}, status: 401},
		"a bad token":                      {path: path("ok"), headers: []string{"Authorization", "Bearer bad"}, status: 401},
		"basic credentials":                {path: path("ok"), headers: []string{"Authorization", "Basic YTpi"}, status: 401},
		"a lease of somebody else":         {path: path("strange"), status: 403},
		"a lease that is nowhere":          {path: path("missing"), status: 404},
		"a lease that is over":             {path: path("expired"), status: 410},
		"no store":                         {path: path("down"), status: 503},
		"an error of our own":              {path: path("unknown"), status: 500},
		"a panic":                          {path: path("panic"), status: 500},
		"a lease id that is none":          {path: "/v1/leases/x/heartbeat", status: 404, other: true},
		"a lease id that is too long":      {path: "/v1/leases/" + strings.Repeat("a", 91) + "/heartbeat", status: 422, other: true},
		"no lease id":                      {path: "/v1/leases//heartbeat", status: 404, other: true},
		"a lease id with a slash in it":    {path: "/v1/leases/a%2Fb/heartbeat", status: 404, other: true},
		"an escaped lease id":              {path: strings.Replace(path("ok"), "_", "%5F", 1), status: 200, other: true},
		"a slash at the end":               {path: path("ok") + "/", status: 404, other: true},
		"a path with dots":                 {path: "/v1/licenses/.." + strings.TrimPrefix(path("ok"), "/v1"), status: 404, other: true},
		"a page of an allowed origin":      {path: path("ok"), headers: []string{"Origin", "https://coditect.ai", "Sec-Fetch-Site", "cross-site"}, status: 200, other: true},
		"a page of a foreign origin":       {path: path("ok"), headers: []string{"Origin", "https://evil.example"}, status: 403, other: true},
		"a foreign page without a name":    {path: path("ok"), headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, other: true},
		"an Idempotency-Key":               {path: path("ok"), headers: []string{"Idempotency-Key", "k"}, status: 200},
		"a client that takes XML only":     {path: path("ok"), headers: []string{"Accept", "application/xml"}, status: 200, other: true},
		"a client that takes JSON by name": {path: path("ok"), headers: []string{"Accept", "json"}, status: 200, other: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, plain := plainHeartbeat(heartbeatRequest(c.path, c.headers...))
			assert.Equal(t, !c.other, plain)
			want := answerOf(t, false, heartbeatRequest(c.path, c.headers...))
			assert.Equal(t, c.status, want.status, want.body)
			assert.Equal(t, want, answerOf(t, true, heartbeatRequest(c.path, c.headers...)))
		})
	}
}

func TestAHeartbeatWithABodyOrAnotherMethodIsNotPlain(t *testing.T) {
	t.Parallel()
	path := "/v1/leases/" + lease("ok") + "/heartbeat"
	for method, status := range map[string]int{"POST": 200, "GET": 405, "HEAD": 405, "PUT": 405, "OPTIONS": 405, "BREW": 405} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			request := func() *http.Request {
				r := heartbeatRequest(path)
				r.Method, r.Body, r.ContentLength = method, io.NopCloser(strings.NewReader("{}")), 2
				return r
			}
			_, plain := plainHeartbeat(request())
			assert.False(t, plain)
			want := answerOf(t, false, request())
			assert.Equal(t, status, want.status, want.body)
			assert.Equal(t, want, answerOf(t, true, request()))
		})
	}
	t.Run("a second token", func(t *testing.T) {
		t.Parallel()
		request := func() *http.Request {
			r := heartbeatRequest(path)
			r.Header.Add("Authorization", "Bearer good")
			return r
		}
		want := answerOf(t, false, request())
		assert.Equal(t, 401, want.status)
		assert.Equal(t, want, answerOf(t, true, request()))
	})
}

func TestTheAnswerToAHeartbeatIsTheJSONThatIsDocumented(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lease := lease(rapid.StringMatching("[a-z2-7]{0,20}").Draw(t, "fate"))
		extended := app.Extended{
			ExpiresAt: time.UnixMicro(rapid.Int64Range(0, 253402300799999999).Draw(t, "expiry")).UTC(),
			Interval:  time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "interval")),
			Revived:   rapid.Bool().Draw(t, "revived"),
		}
		out := heartbeatAnswer(lease, extended)
		want, err := json.Marshal(out.Body)
		require.NoError(t, err)
		assert.Equal(t, string(want)+"\n", string(appendHeartbeat(nil, lease, extended)))
	})
}
