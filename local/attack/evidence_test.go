package attack_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/attack"
	"github.com/coditect-ai/license-platform/local/trace"
)

// open is a front door that lets everything through, and logs what the test says.
func open(t *testing.T, log func(traceID string, status int) []trace.Passage) *attack.Target {
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
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := nobody.Addr().String()
	require.NoError(t, nobody.Close())
	target := &attack.Target{
		Edge: netip.MustParseAddrPort(server.Listener.Addr().String()), Roots: roots, LicenseHost: "example.com", IDEHost: "example.com",
		Tenant: "demo", License: "demo", Rival: "rival", RivalLicense: "rival",
		Token:    func(context.Context, attack.Identity) (string, error) { return "e30.e30.e30", nil },
		Requests: func(_ context.Context, id string) ([]trace.Passage, error) { return log(id, http.StatusOK), nil },
		KeysURL:  "https://" + closed + "/", SQL: closed, Redis: closed, KMS: closed,
	}
	t.Cleanup(target.Close)
	return target
}

func TestWithoutDefenceNoAttackIsTakenForStopped(t *testing.T) {
	t.Parallel()
	target := open(t, func(_ string, status int) []trace.Passage { return []trace.Passage{{Status: status, Backend: "api"}} })
	for _, r := range attack.Run(t.Context(), target, attack.All(), func(attack.Result) {}) {
		if r.Attack.Layer == attack.Nobody {
			assert.True(t, r.OK(), "%s: %s", r.Attack.Name, r.Verdict())
			continue
		}
		assert.False(t, r.OK(), "%s: %s %+v", r.Attack.Name, r.Verdict(), r.Finding)
		assert.Equal(t, attack.Nobody, r.Finding.Layer, "%s: what is down or open stops nothing", r.Attack.Name)
	}
}

func TestARefusalThatTheLogDoesNotKnowIsNoEvidence(t *testing.T) {
	t.Parallel()
	target := open(t, func(string, int) []trace.Passage {
		return []trace.Passage{{Status: http.StatusForbidden, StoppedBy: 1, Rule: "waf-sqli (3000)"}}
	})
	first := attack.All()[:1]
	results := attack.Run(t.Context(), target, first, func(attack.Result) {})
	require.Len(t, results, 1)
	assert.False(t, results[0].OK())
	assert.Contains(t, results[0].Verdict(), "the client got status 200, the front door logged 403")
	assert.True(t, strings.HasPrefix(results[0].Verdict(), "NO FINDING"))
}
