package metrics_test

import (
	"context"
	"errors"
	"fmt"
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

// ledger knows one licence.
type ledger struct {
	app.Ledger
	license app.License
}

func (l ledger) License(_ context.Context, ref app.LicenseRef) (app.License, error) {
	if ref.License != l.license.ID {
		return app.License{}, app.NewError(app.CodeLicenseNotFound, "the tenant has no such licence")
	}
	return l.license, nil
}

func (ledger) Record(context.Context, string, app.Event) error { return nil }

// full has no seat for anybody.
type full struct{ app.Seats }

func (full) Reserve(context.Context, app.License, app.Reservation) (app.Reserved, error) {
	return app.Reserved{}, app.NewError(app.CodeNoSeats, "all seats of the licence are in use")
}

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, recorder.Code)
	return recorder.Body.String()
}

func TestARefusalForWantOfASeatIsToldFromAllOthers(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	service := app.New(app.Dependencies{
		Ledger: ledger{license: app.License{Tenant: "acme", ID: "ide", Status: app.StatusActive, Seats: 1, LeaseTTL: time.Minute}},
		Seats:  full{}, Meter: m, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	who := app.Principal{Tenant: "acme", User: "ann"}
	for _, license := range []string{"ide", "ide", "another"} {
		_, err := service.Acquire(t.Context(), who, license, "laptop")
		require.Error(t, err)
	}

	text := scrape(t, m)
	assert.Contains(t, text, `license_leases_total{outcome="exhausted"} 2`)
	assert.Contains(t, text, `license_leases_total{outcome="refused"} 1`)
}

func TestAnOutcomeThatNeverHappenedIsZeroAndNotAbsent(t *testing.T) {
	t.Parallel()
	text := scrape(t, metrics.New())
	for _, outcome := range []string{"granted", "extended", "exhausted", "refused", "revived", "released", "expired"} {
		assert.Contains(t, text, `license_leases_total{outcome="`+outcome+`"} 0`)
	}
}

func TestAPodExportsFewSeriesHoweverManyLicencesThereAre(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	fill := func(tenant string) {
		f := app.Fullness{Licenses: 20_000, InUse: 200_000, Seats: 400_000}
		for i := range 20 {
			f.Fullest = append(f.Fullest, app.Filled{Ref: app.LicenseRef{Tenant: tenant, License: fmt.Sprint("l", i)}, InUse: 9, Seats: 10})
		}
		m.Full(f)
	}
	fill("acme")
	fill("other")
	// As many routes and operations as there are, each with the answers that it gives.
	for i := range 22 {
		for _, code := range []int{200, 404, 503} {
			m.Started()(fmt.Sprint("route", i), http.MethodPost, code, time.Millisecond)
		}
	}
	for name, operations := range map[string]int{"postgres": 25, "redis": 20, "kms": 2} {
		observe := m.Dependency(name)
		for i := range operations {
			observe(fmt.Sprint("operation", i), time.Millisecond, errors.New("down"))
		}
	}

	text := scrape(t, m)
	assert.NotContains(t, text, `tenant="acme"`, "who is not among the fullest any more")
	assert.Contains(t, text, `license_seats_in_use{license="l0",tenant="other"} 9`)
	assert.Contains(t, text, "license_busy_seats_in_use 200000")
	series := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			series++
		}
	}
	assert.LessOrEqual(t, series, 500)
	t.Log(series, "series")
}
