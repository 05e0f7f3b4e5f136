package attack_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// open is a load balancer that lets everything through, and logs what the test says.
func open(t *testing.T, log func(traceID string, status int) []requestlog.Passage) *attack.Target {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"leaseId": "stolen", "seats": 2}`)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	closed := port.Closed(t).String()
	target := &attack.Target{
		Edge: netip.MustParseAddrPort(server.Listener.Addr().String()), Roots: roots, LicenseHost: "example.com", IDEHost: "example.com",
		Tenant: "demo", License: "demo", Rival: "rival", RivalLicense: "rival",
		Token:    func(context.Context, attack.Identity) (string, error) { return "e30.e30.e30", nil },
		Requests: func(_ context.Context, id string) ([]requestlog.Passage, error) { return log(id, http.StatusOK), nil },
		KeysURL:  "https://" + closed + "/", SQL: closed, Redis: closed, KMS: closed,
	}
	t.Cleanup(target.Close)
	return target
}

func TestWithoutDefenceNoAttackIsTakenForStopped(t *testing.T) {
	t.Parallel()
	target := open(t, func(_ string, status int) []requestlog.Passage {
		return []requestlog.Passage{{Status: status, Backend: "api"}}
	})
	for _, r := range attack.Run(t.Context(), target, attack.All(), func(attack.Result) {}) {
		switch {
		case strings.HasPrefix(r.Attack.Name, "an office of "):
			// It holds seats by the client, which believes signed answers only; nobody signs here.
			assert.False(t, r.OK(), "%s", r.Attack.Name)
			continue
		case r.Attack.Layer == attack.Nobody:
			assert.True(t, r.OK(), "%s: %s", r.Attack.Name, r.Verdict())
			continue
		}
		assert.False(t, r.OK(), "%s: %s %+v", r.Attack.Name, r.Verdict(), r.Finding)
		assert.Equal(t, attack.Nobody, r.Finding.Layer, "%s: what is down or open stops nothing", r.Attack.Name)
	}
}

func TestARefusalThatTheLogDoesNotKnowIsNoEvidence(t *testing.T) {
	t.Parallel()
	target := open(t, func(string, int) []requestlog.Passage {
		return []requestlog.Passage{{Status: http.StatusForbidden, StoppedBy: 1, Rule: "waf-sqli (3000)"}}
	})
	first := attack.All()[:1]
	results := attack.Run(t.Context(), target, first, func(attack.Result) {})
	require.Len(t, results, 1)
	assert.False(t, results[0].OK())
	assert.Contains(t, results[0].Verdict(), "the client got status 200, the load balancer logged 403")
	assert.True(t, strings.HasPrefix(results[0].Verdict(), "NO FINDING"))
}

func TestAMoveIsJudgedByWhatCameOfIt(t *testing.T) {
	t.Parallel()
	answer := func(outcome dataplane.Outcome, err error) *attack.Target {
		return &attack.Target{Inside: func(context.Context, netip.Addr, netip.AddrPort, string) (dataplane.Outcome, error) {
			return outcome, err
		}}
	}
	dropped := dataplane.Outcome{Denied: "the rule that is missing"}
	for name, c := range map[string]struct {
		target  *attack.Target
		stopped int // of the moves, those that end where they have to
		verdict string
	}{
		"dropped":                    {answer(dropped, nil), 9, ""},
		"denied, but connected":      {answer(dataplane.Outcome{Denied: "the rule", Connected: true}, nil), 0, "BREACHED"},
		"connected and told nothing": {answer(dataplane.Outcome{Connected: true}, nil), 1, ""}, // Redis hangs up on plain text
		"refused by the metadata server": {
			answer(dataplane.Outcome{Connected: true, Answer: "HTTP/1.0 403 Forbidden\r\nA: b\r\n\r\nthe header is missing\n"}, nil), 3, "",
		},
		"nobody there":                       {answer(dataplane.Outcome{}, errors.New("connection refused")), 0, "NO FINDING: dial"},
		"nothing known":                      {answer(dataplane.Outcome{}, nil), 0, "NO FINDING"},
		"pods without networks of their own": {&attack.Target{}, 0, "NO FINDING: no attack from within a pod is possible"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopped := 0
			for _, r := range attack.Run(t.Context(), c.target, attack.Moves(), func(attack.Result) {}) {
				if r.OK() {
					stopped++
					assert.Contains(t, []int{layer.Workload, layer.Identity, layer.Data}, r.Finding.Layer)
				} else if c.verdict != "" {
					assert.True(t, strings.HasPrefix(r.Verdict(), c.verdict), "%s: %s", r.Attack.Name, r.Verdict())
				}
			}
			assert.Equal(t, c.stopped, stopped)
		})
	}
}
