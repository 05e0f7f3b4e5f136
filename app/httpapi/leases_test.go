package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
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

// lender has a licence, and gives a seat to whoever asks.
type lender struct {
	app.Ledger
	app.Seats
	license app.License
	// wanted is what was asked for last; held says that the device has its seat already.
	wanted app.Reservation
	held   bool
}

func (l *lender) License(context.Context, app.LicenseRef) (app.License, error) { return l.license, nil }

func (l *lender) Grant(context.Context, app.Lease, int64, []app.Ending, app.Event) error { return nil }

func (l *lender) Refuse(context.Context, string, app.Event) error { return nil }

func (l *lender) Reserve(_ context.Context, _ app.License, wanted app.Reservation) (app.Reserved, error) {
	l.wanted = wanted
	at := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	return app.Reserved{Lease: wanted.Lease, New: !l.held, Kind: wanted.Kind, GrantedAt: at, ExpiresAt: at.Add(wanted.For)}, nil
}

func (l *lender) Confirm(context.Context, app.Lease, []app.Ending) (bool, error) { return true, nil }

func (l *lender) Sign(context.Context, app.Claims) (string, error) { return "token", nil }

func (l *lender) ask(t *testing.T, path, body string) (status int, answer map[string]any) {
	t.Helper()
	config := stubConfig(&bytes.Buffer{}, &counted{})
	config.Service = app.New(app.Dependencies{Ledger: l, Seats: l, Signer: l, Meter: metrics.New(), Log: config.Log, Now: time.Now})
	handler, err := New(config)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	return w.Code, answer
}

func newLender() *lender {
	return &lender{license: app.License{ID: "demo", Product: "ide", Seats: 2, MaxBorrow: time.Hour}.Defaulted()}
}

func TestASeatIsGivenToTheDeviceThatAsksAndForAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	const acquire, borrow = "/v1/licenses/demo/acquire", "/v1/licenses/demo/borrow"
	l := newLender()
	status, answer := l.ask(t, acquire, `{"fingerprint":"laptop"}`)
	assert.Equal(t, http.StatusCreated, status, answer)
	assert.Equal(t, "laptop", l.wanted.Fingerprint)
	assert.InDelta(t, l.license.HeartbeatInterval.Seconds(), answer["heartbeatSeconds"], 0)
	assert.Equal(t, "token", answer["token"])

	l.held = true
	status, _ = l.ask(t, acquire, `{"fingerprint":"laptop"}`)
	assert.Equal(t, http.StatusOK, status, "it had its seat before")
	for _, body := range []string{"", "{}"} {
		_, answer = l.ask(t, acquire, body)
		assert.True(t, strings.HasPrefix(l.wanted.Fingerprint, "unnamed-"), "%q: %v", body, answer)
	}

	_, answer = l.ask(t, borrow, `{"fingerprint":"laptop","durationSeconds":90}`)
	assert.Equal(t, 90*time.Second, l.wanted.For)
	assert.Equal(t, app.KindBorrowed, l.wanted.Kind)
	assert.Contains(t, answer["file"], "-----BEGIN LICENSE FILE-----")
}

func TestASeatThatIsRefusedIsAnsweredWithTheReason(t *testing.T) {
	t.Parallel()
	l := newLender()
	l.license.Status = app.StatusSuspended
	for path, body := range map[string]string{
		"/v1/licenses/demo/acquire": `{"fingerprint":"laptop"}`,
		"/v1/licenses/demo/borrow":  `{"fingerprint":"laptop","durationSeconds":90}`,
	} {
		status, answer := l.ask(t, path, body)
		assert.Equal(t, http.StatusForbidden, status, path)
		assert.Equal(t, "license_suspended", answer["code"], path)
	}
	status, answer := l.ask(t, "/v1/licenses/demo/acquire", `{"fingerprint":""}`)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Equal(t, "validation_failed", answer["code"])
	assert.Empty(t, l.wanted, "nobody was asked for a seat")
}
