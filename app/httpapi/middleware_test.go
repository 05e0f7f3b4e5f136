package httpapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/metrics"
)

// observing is the outermost layer around a handler, with what is logged and counted.
func observing(t *testing.T, handle http.HandlerFunc) (handler http.Handler, log *bytes.Buffer, measured *counted) {
	t.Helper()
	log, measured = &bytes.Buffer{}, &counted{}
	a, _, err := assemble(stubConfig(log, measured))
	require.NoError(t, err)
	return a.observed(handle), log, measured
}

func TestAnAnswerIsCountedWithTheStatusAndTheSizeThatWereSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		line   string
	}{
		"a body alone": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("one"))
			_, _ = w.Write([]byte("two"))
		}, `"status":200,"responseSize":6`},
		"a status and a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("one"))
		}, `"status":418,"responseSize":3`},
	} {
		handler, log, _ := observing(t, c.handle)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Contains(t, log.String(), c.line, name)
		assert.NotEmpty(t, w.Header().Get("X-Request-Id"), name)
	}
}

func TestAPanicIsAnsweredUnlessTheAnswerHasBegun(t *testing.T) {
	t.Parallel()
	handler, log, _ := observing(t, func(http.ResponseWriter, *http.Request) { panic("broken") })
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Contains(t, w.Body.String(), `"code":"internal_error"`)
	assert.Contains(t, log.String(), `"level":"ERROR"`)
	assert.Contains(t, log.String(), "panic: broken")

	begun, log, measured := observing(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic("broken")
	})
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		begun.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/", nil))
	}, "the connection is cut")
	assert.Contains(t, log.String(), `"status":500`)
	assert.Equal(t, []string{"none OTHER Internal Server Error"}, measured.all, "a made-up method is not a label")
}

func TestFrequentRequestsThatWentWellAreLoggedForDebuggingOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		route  string
		status int
		level  string
	}{
		"a heartbeat":             {routeHeartbeat, 200, "DEBUG"},
		"a liveness probe":        {routeHealth, 200, "DEBUG"},
		"a readiness probe":       {routeReady, 399, "DEBUG"},
		"a heartbeat refused":     {routeHeartbeat, 400, "INFO"},
		"a heartbeat that failed": {routeHeartbeat, 500, "ERROR"},
		"something else":          {"GET /v1/licenses", 200, "INFO"},
		"its refusal":             {"GET /v1/licenses", 499, "INFO"},
	} {
		handler, log, _ := observing(t, func(w http.ResponseWriter, r *http.Request) {
			requestOf(r.Context()).route = c.route
			w.WriteHeader(c.status)
		})
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Contains(t, log.String(), `"level":"`+c.level+`"`, name)
		for _, absent := range []string{"tenant", "code", "error"} {
			assert.NotContains(t, log.String(), `"`+absent+`"`, name)
		}
	}
}

func TestOnlyARefusalOfAKnownUserAtAnOperationIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code          app.Code
		tenant, route string
		written       bool
	}{
		"a refusal":                 {app.CodeForbidden, "demo", "GET /v1/licenses", true},
		"what was granted":          {"", "demo", "GET /v1/licenses", false},
		"somebody who is not known": {app.CodeMissingAuth, "", "GET /v1/licenses", false},
		"an unknown address":        {app.CodeNotFound, "demo", routeNone, false},
	} {
		handler, log, _ := observing(t, func(_ http.ResponseWriter, r *http.Request) {
			record := requestOf(r.Context())
			record.code, record.who.Tenant, record.route = c.code, c.tenant, c.route
		})
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, c.written, strings.Contains(log.String(), string(app.ActionRefuse)), "%s: %s", name, log)
	}
}

// trail is a ledger whose audit trail takes its time with the refusals of a tenant.
type trail struct {
	app.Ledger
	slow    string
	writing chan string
	write   chan struct{}
}

func (t *trail) Refuse(ctx context.Context, tenant string, event app.Event) error {
	t.writing <- tenant + " " + event.RequestID
	if tenant != t.slow {
		return nil
	}
	select {
	case <-t.write:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestTheRefusalsOfOneTenantDoNotTakeTheLedgerFromOthers(t *testing.T) {
	t.Parallel()
	ledger := &trail{slow: "many", writing: make(chan string, 100), write: make(chan struct{})}
	var log bytes.Buffer
	config := stubConfig(&log, &counted{})
	config.Service = app.New(app.Dependencies{Ledger: ledger, Seats: stubSeats{}, Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	a, _, err := assemble(config)
	require.NoError(t, err)
	a.limit.wait = 20 * time.Millisecond
	ask := func(ctx context.Context, tenant, id string) {
		handler := a.observed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			record := requestOf(r.Context())
			record.code, record.who, record.route = app.CodeForbidden, app.Principal{Tenant: tenant, RequestID: id}, "GET /v1/licenses"
		}))
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/licenses", nil)
		r.Header.Set("X-Request-Id", id)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	var group sync.WaitGroup
	for _, id := range []string{"1", "2"} {
		group.Go(func() { ask(t.Context(), "many", id) })
		assert.Equal(t, "many "+id, await.Receive(t, ledger.writing))
	}
	ask(t.Context(), "many", "3")
	assert.Empty(t, ledger.writing, "so many at once")
	assert.Contains(t, log.String(), "a refusal is not in the audit trail", "it is in the log")
	ask(t.Context(), "other", "4")
	assert.Equal(t, "other 4", await.Receive(t, ledger.writing))

	a.limit.wait = time.Hour
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	group.Go(func() { ask(gone, "many", "5") })
	await.True(t, func() bool {
		a.limit.mu.Lock()
		defer a.limit.mu.Unlock()
		return a.limit.slots[share{"many", ofRefusals}].users == 3
	})
	close(ledger.write)
	assert.Equal(t, "many 5", await.Receive(t, ledger.writing), "who hangs up is written down all the same")
	group.Wait()
	assert.Empty(t, a.limit.slots)
}

func TestAnUnknownAddressAndAnUnknownMethodAreToldApart(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	unknown := s.ask(t, "GET", "/v1/none", "")
	assert.Equal(t, http.StatusNotFound, unknown.Code)
	assert.Contains(t, unknown.Body.String(), `"code":"not_found"`)
	assert.Empty(t, unknown.Header().Get("Allow"))
	wrong := s.ask(t, "DELETE", "/v1/licenses", "")
	assert.Equal(t, http.StatusMethodNotAllowed, wrong.Code)
	assert.Contains(t, wrong.Body.String(), `"code":"method_not_allowed"`)
	allowed := wrong.Header().Get("Allow")
	assert.Contains(t, allowed, "GET")
	assert.Contains(t, wrong.Body.String(), strings.TrimSpace(allowed))
}
