package attack_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// guard puts the default policy before the load balancer's backend.
type guard struct{ *cloudarmor.Evaluator }

func (g guard) Evaluate(ctx context.Context, i loadbalancer.Inspection) loadbalancer.Verdict {
	decision := g.Evaluator.Evaluate(ctx, cloudarmor.Request{
		Method: i.Request.Method, Scheme: "https", Host: i.Request.Host, Path: i.Request.URL.EscapedPath(), RawQuery: i.Request.URL.RawQuery,
		Headers: i.Request.Header, Body: i.Body, ClientIP: i.Client.IP, Region: i.Client.Region,
	})
	return loadbalancer.Verdict{Status: decision.StatusCode, Enforced: &loadbalancer.PolicyMatch{
		Priority: decision.Priority(), ConfiguredAction: string(decision.Action()), Outcome: string(decision.Outcome), MatchedRuleIDs: decision.Final.Signatures,
	}}
}

// api answers as the license API does, as far as the office asks.
func api(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("Authorization") == "":
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"code":"missing_auth"}`))
	case r.URL.Path == "/v1/licenses":
		w.WriteHeader(http.StatusCreated)
	case r.URL.Path == "/.well-known/jwks.json":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signing().Public(), KeyID: "key.1", Algorithm: "RS512", Use: "sig"}}})
	case strings.HasSuffix(r.URL.Path, "/acquire"):
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(granted(r))
	case strings.HasSuffix(r.URL.Path, "/heartbeat"):
		_ = json.NewEncoder(w).Encode(map[string]any{"expiresAt": time.Now().Add(5 * time.Minute), "heartbeatSeconds": 100})
	case strings.HasSuffix(r.URL.Path, "/release"):
		w.WriteHeader(http.StatusNoContent)
	}
}

// signing makes the key of the API's tokens, once.
var signing = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// granted is a lease as the client of app/client expects it: with a token that verifies.
func granted(r *http.Request) map[string]any {
	var body struct{ Fingerprint string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	lease, now := "office_"+strings.ToLower(rand.Text()), time.Now()
	payload, _ := json.Marshal(map[string]any{
		"sub": "office", "aud": "MySQL Workbench", "lease": lease, "fingerprint": body.Fingerprint, "kind": "floating",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: signing(), KeyID: "key.1"}}, nil)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, _ := signed.CompactSerialize()
	return map[string]any{"leaseId": lease, "token": token, "heartbeatSeconds": 100, "seats": 200}
}

// target is a load balancer with a policy before that API.
func target(t *testing.T, settings policy.Settings) *attack.Target {
	t.Helper()
	const host = "licenses.coditect.ai"
	built, err := policy.Build(settings, policy.Scope{Host: host})
	require.NoError(t, err)
	ready, err := cloudarmor.NewPolicy(cloudarmor.Config{Name: built.Name, Rules: built.Rules, JSONParsing: built.JSONParsing})
	require.NoError(t, err)
	// The clock stands still: all requests are of one minute, however busy the machine.
	now := time.Now()
	evaluate := cloudarmor.New(ready, cloudarmor.Options{Clock: func() time.Time { return now }})
	require.NoError(t, evaluate.Warm())
	pod := httptest.NewServer(http.HandlerFunc(api))
	t.Cleanup(pod.Close)
	at, err := url.Parse(pod.URL)
	require.NoError(t, err)

	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	door, err := loadbalancer.New(loadbalancer.Options{
		Address: netip.MustParseAddrPort("127.0.0.1:0"), Issue: authority.Issue, Project: "p", Keep: 5000, DefaultClient: loadbalancer.Client{Region: "US"},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- door.Serve(ctx) }()
	t.Cleanup(func() { stop(); assert.NoError(t, await.Receive(t, ended)) })
	require.NoError(t, door.Update(loadbalancer.Config{
		Name: "um", Certificates: []loadbalancer.Certificate{{Name: "licenses", Domains: []string{host}}},
		Hosts: []loadbalancer.Host{{Host: host, Paths: []loadbalancer.Path{{Pattern: "/*", Backend: "api"}}}},
		Backends: []loadbalancer.Backend{{
			Name: "api", Guard: guard{evaluate}, Endpoints: []netip.AddrPort{netip.MustParseAddrPort(at.Host)},
			HealthCheck: loadbalancer.HealthCheck{Path: "/health", Interval: time.Second, Timeout: time.Second, HealthyThreshold: 1, UnhealthyThreshold: 100},
		}},
	}))
	names := map[int]string{}
	for _, each := range built.Rules {
		names[each.Priority] = each.Name
	}
	made := &attack.Target{
		Edge: door.Address(), Roots: authority.Pool(), LicenseHost: host, License: "demo", Rival: "rival", RivalLicense: "rival",
		Token: func(context.Context, attack.Identity) (string, error) { return "token", nil },
		Requests: func(_ context.Context, id string) ([]requestlog.Passage, error) {
			for _, entry := range door.Recent() {
				if strings.HasSuffix(entry.Trace, id) {
					return []requestlog.Passage{requestlog.Of(entry, func(_ string, priority int) string { return names[priority] })}, nil
				}
			}
			return nil, nil
		},
	}
	t.Cleanup(made.Close)
	return made
}

func named(t *testing.T, name string) attack.Attack {
	t.Helper()
	for _, each := range attack.All() {
		if strings.HasPrefix(each.Name, name) {
			return each
		}
	}
	require.Failf(t, "no such attack", "%s", name)
	return attack.Attack{}
}

func evaluated(t *testing.T, settings policy.Settings, name string) attack.Result {
	t.Helper()
	tried := named(t, name)
	finding, err := tried.Try(t.Context(), target(t, settings))
	result := attack.Result{Attack: tried, Finding: finding, Err: err}
	text, _ := json.Marshal(finding)
	t.Logf("%s: %s %s", tried.Name, result.Verdict(), text)
	return result
}

// small leaves the WAF out.
func small(settings policy.Settings) policy.Settings {
	settings.WAF.Sets = map[string]policy.Set{}
	for _, category := range append(rule.V422.Categories(), rule.CVESet, rule.JSONSQLiSet) {
		settings.WAF.Sets[category] = policy.Set{Off: true}
	}
	return settings
}

func TestTheOfficeKeepsItsSeatsAndInventedLeasesAreLimited(t *testing.T) {
	t.Parallel()
	assert.True(t, evaluated(t, small(policy.Settings{}), "an office").OK())
	assert.True(t, evaluated(t, small(policy.Settings{}), "flood of heartbeats").OK())
}

func TestAnOfficeThatIsLimitedIsSeen(t *testing.T) {
	t.Parallel()
	for name, devices := range map[string]int{"an office": 20, "flood of heartbeats": 2000} {
		result := evaluated(t, small(policy.Settings{Seats: policy.SeatLimit{Devices: devices}}), name)
		require.NoError(t, result.Err)
		assert.False(t, result.OK())
	}
}

func TestHonestClientsPassAndARefusalIsSeen(t *testing.T) {
	t.Parallel()
	assert.True(t, evaluated(t, policy.Settings{}, "honest clients: user agents").OK())
	all := policy.Settings{WAF: policy.WAF{InspectAll: true}}
	result := evaluated(t, all, "honest clients: products")
	require.NoError(t, result.Err)
	assert.False(t, result.OK())
}
