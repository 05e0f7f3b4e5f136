package attack_test

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// counted answers requests to take a seat by their number, from 1 on; others with 204.
func counted(t *testing.T, answer func(n int) (status int, body string)) *attack.Target {
	t.Helper()
	var mu sync.Mutex
	taken, statuses := 0, map[string]int{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		status, body := http.StatusNoContent, ""
		if strings.HasSuffix(r.URL.Path, "/acquire") {
			taken++
			status, body = answer(taken)
		}
		id, _, _ := strings.Cut(r.Header.Get("X-Cloud-Trace-Context"), "/")
		statuses[id] = status
		mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	target := &attack.Target{
		Edge: netip.MustParseAddrPort(server.Listener.Addr().String()), Roots: roots, LicenseHost: "example.com", RivalLicense: "rival",
		Token: func(context.Context, attack.Identity) (string, error) { return "token", nil },
		Requests: func(_ context.Context, id string) ([]requestlog.Passage, error) {
			mu.Lock()
			defer mu.Unlock()
			p := requestlog.Passage{Status: statuses[id], Backend: "api"}
			if p.Status == http.StatusConflict {
				p.StoppedBy, p.Rule = layer.Data, "no_seats_available"
			}
			return []requestlog.Passage{p}, nil
		},
	}
	t.Cleanup(target.Close)
	return target
}

const (
	aSeat   = `{"leaseId": "lease", "seats": 2}`
	noSeats = `{"code": "no_seats_available", "seats": 2}`
	late    = `{"code": "unavailable"}`
)

func TestTheRaceIsJudgedByWhatEachRacerWasAnswered(t *testing.T) {
	t.Parallel()
	// granted seats, then this, then noSeats for all others; a second race gets another seat.
	race := func(granted, other int, status int, body string) func(int) (int, string) {
		return func(n int) (int, string) {
			switch {
			case n <= granted:
				return http.StatusCreated, aSeat
			case n <= granted+other:
				return status, body
			}
			return http.StatusConflict, noSeats
		}
	}
	for name, c := range map[string]struct {
		answer  func(n int) (int, string)
		verdict string
		late    int
	}{
		"as many as there are seats":          {race(2, 0, 0, ""), "stopped", 0},
		"one more than there are seats":       {race(3, 0, 0, ""), "BREACHED", 0},
		"everybody":                           {race(1000, 0, 0, ""), "BREACHED", 0},
		"a breach beside a late answer":       {race(3, 1, http.StatusServiceUnavailable, late), "BREACHED", 0},
		"late answers in the first race":      {race(2, 10, http.StatusServiceUnavailable, late), "stopped", 1},
		"late answers in the first two races": {race(2, 22, http.StatusBadGateway, ""), "stopped", 2},
		"late answers without end":            {race(2, 1000, http.StatusGatewayTimeout, ""), "NO FINDING", 2},
		"neither a seat nor a refusal":        {race(2, 1, http.StatusForbidden, `{"code": "forbidden"}`), "NO FINDING", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := attack.Run(t.Context(), counted(t, c.answer), []attack.Attack{named(t, "race for the last seat")}, func(attack.Result) {})
			require.Len(t, results, 1)
			assert.True(t, strings.HasPrefix(results[0].Verdict(), c.verdict), results[0].Verdict())
			assert.Equal(t, c.late, results[0].Late)
			assert.Equal(t, c.verdict == "stopped", results[0].OK())
		})
	}
}

func TestAnAttackThatALateServiceAnsweredIsTriedAgain(t *testing.T) {
	t.Parallel()
	stolen := named(t, "another tenant's lease, ended")
	for name, c := range map[string]struct {
		lateTries int
		verdict   string
	}{"once late": {1, "BREACHED"}, "always late": {3, "NO FINDING"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := counted(t, func(n int) (int, string) {
				if n <= c.lateTries {
					return http.StatusServiceUnavailable, late
				}
				return http.StatusCreated, aSeat
			})
			results := attack.Run(t.Context(), target, []attack.Attack{stolen}, func(attack.Result) {})
			require.Len(t, results, 1)
			assert.True(t, strings.HasPrefix(results[0].Verdict(), c.verdict), results[0].Verdict())
		})
	}
}
