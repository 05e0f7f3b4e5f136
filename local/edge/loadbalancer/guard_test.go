package loadbalancer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// german stops clients from Germany.
func german(i loadbalancer.Inspection) loadbalancer.Verdict {
	if i.Client.Region == "DE" {
		return loadbalancer.Verdict{
			Status:   http.StatusForbidden,
			Enforced: &loadbalancer.PolicyMatch{Name: "armor", Priority: 1000, ConfiguredAction: "DENY", Outcome: "DENY"},
			Preview:  &loadbalancer.PolicyMatch{Name: "armor", Priority: 900, ConfiguredAction: "DENY", Outcome: "DENY"},
		}
	}
	return loadbalancer.Verdict{
		AddHeaders: http.Header{"X-Armor": {"passed"}},
		Enforced:   &loadbalancer.PolicyMatch{Name: "armor", Priority: 2147483647, ConfiguredAction: "ALLOW", Outcome: "ACCEPT"},
	}
}

func TestWhatTheGuardDeniesNeverReachesTheBackend(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("hello"))
	config := serving(p)
	config.Backends[0].Guard = guardFunc(german)
	require.NoError(t, d.Update(config))

	denied := d.get("https://"+licenses+"/v1", "X-Local-Client: ip=203.0.113.9;region=DE")
	assert.Equal(t, http.StatusForbidden, denied.status)
	assert.Contains(t, denied.body, "<title>403</title>403 Forbidden")
	assert.Empty(t, p.requests(), "the backend saw a request that was denied")

	passed := d.get("https://"+licenses+"/v1", "X-Local-Client: ip=203.0.113.9;region=US")
	assert.Equal(t, "hello", passed.body)
	require.Len(t, p.requests(), 1)
	assert.Equal(t, "passed", p.requests()[0].Header.Get("X-Armor"))
}

func TestEachVerdictIsAnsweredWithItsOwnStatus(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("hello"))
	for name, c := range map[string]struct {
		verdict  loadbalancer.Verdict
		status   int
		location string
		details  string
	}{
		"too many requests": {loadbalancer.Verdict{Status: 429}, 429, "", "denied_by_security_policy"},
		"not found":         {loadbalancer.Verdict{Status: 404}, 404, "", "denied_by_security_policy"},
		"a redirect": {
			loadbalancer.Verdict{Status: 302, Location: "https://example.com/why"}, 302, "https://example.com/why", "redirected_by_security_policy",
		},
	} {
		config := serving(p)
		config.Backends[0].Guard = guardFunc(func(loadbalancer.Inspection) loadbalancer.Verdict { return c.verdict })
		require.NoError(t, d.Update(config))
		got := d.get("https://" + licenses + "/")
		assert.Equal(t, c.status, got.status, name)
		assert.Equal(t, c.location, got.header.Get("Location"), name)
		d.details(c.details)
	}
	assert.Empty(t, p.requests())
}

func TestNobodyPassesIdentityAwareProxyWithoutASession(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("staff only"))
	config := serving(p)
	config.Backends[0].Guard = guardFunc(german)
	config.Backends[0].IAP = &loadbalancer.IAP{ClientID: "client-1"}
	require.NoError(t, d.Update(config))

	browser := d.get("https://" + licenses + "/")
	assert.Equal(t, http.StatusFound, browser.status)
	assert.Contains(t, browser.header.Get("Location"), "https://accounts.google.com/o/oauth2/v2/auth?client_id=client-1")
	d.details("handled_by_identity_aware_proxy")
	assert.Equal(t, http.StatusUnauthorized, d.get("https://"+licenses+"/", "Authorization: Bearer forged").status)
	denied := d.get("https://"+licenses+"/", "X-Local-Client: ip=203.0.113.9;region=DE")
	assert.Equal(t, http.StatusForbidden, denied.status, "Cloud Armor decides first")
	assert.Empty(t, p.requests())
}

func TestAnotherHostIsUntouchedByThePolicy(t *testing.T) {
	t.Parallel()
	d, guarded, free := open(t), startPod(t, says("license")), startPod(t, says("ide"))
	config := serving(guarded)
	config.Backends[0].Guard = guardFunc(german)
	config.Backends = append(config.Backends, loadbalancer.Backend{
		Name: "ide", HealthCheck: untilWell(), Endpoints: []netip.AddrPort{free.address},
	})
	config.Hosts = append(config.Hosts, loadbalancer.Host{Host: ide, Paths: []loadbalancer.Path{{Pattern: "/*", Backend: "ide"}}})
	require.NoError(t, d.Update(config))
	assert.Equal(t, "ide", d.get("https://"+ide+"/?q=1'+UNION+SELECT", "X-Local-Client: ip=203.0.113.9;region=DE").body)
	d.details("response_sent_by_backend")
	entry := d.Recent()[0]
	assert.Nil(t, entry.Payload.Enforced)
	assert.Equal(t, "ide", entry.Resource.Labels["backend_service_name"])
}

func TestTheGuardSeesTheBeginningOfTheBodyAndTheBackendAllOfIt(t *testing.T) {
	t.Parallel()
	sent := strings.Repeat("0123456789", 10_000)
	received := make(chan string, 1)
	d := open(t)
	p := startPod(t, func(_ http.ResponseWriter, r *http.Request) {
		text, err := readAll(r)
		assert.NoError(t, err)
		received <- text
	})
	shown := make(chan string, 1)
	config := serving(p)
	config.Backends[0].InspectBytes = 15
	config.Backends[0].Guard = guardFunc(func(i loadbalancer.Inspection) loadbalancer.Verdict {
		shown <- string(i.Body)
		return loadbalancer.Verdict{}
	})
	require.NoError(t, d.Update(config))
	got, err := d.do(http.MethodPost, "https://"+licenses+"/v1", sent)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "012345678901234", await.Receive(t, shown))
	assert.Equal(t, sent, await.Receive(t, received))
}

func TestAClientThatIsTooSlowWithItsBodyIsToldSo(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *loadbalancer.Options) { o.BodyTimeout = 100 * time.Millisecond })
	p := startPod(t, says("hello"))
	config := serving(p)
	config.Backends[0].Guard = guardFunc(german)
	require.NoError(t, d.Update(config))
	reader, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+licenses+"/", reader)
	require.NoError(t, err)
	response, err := d.client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusRequestTimeout, response.StatusCode)
	d.details("client_timed_out")
	assert.Empty(t, p.requests())
}

func TestHTTP2ClientsGetTheSameTreatment(t *testing.T) {
	t.Parallel()
	d := open(t)
	p := startPod(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := readAll(r)
		assert.NoError(t, err)
		_, _ = io.WriteString(w, r.Proto+" "+text)
	})
	config := serving(p)
	config.Backends[0].Guard = guardFunc(german)
	require.NoError(t, d.Update(config))
	d.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+licenses+"/", strings.NewReader("body"))
	require.NoError(t, err)
	response, err := d.client.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, "HTTP/2.0", response.Proto)
	assert.Equal(t, "HTTP/1.1 body", string(body), "pods are spoken to in HTTP/1.1")
}

func TestEveryDecisionIsLoggedAsTheLoadBalancerWouldLogIt(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "requests.jsonl")
	d, p := open(t, func(o *loadbalancer.Options) { o.LogFile = log }), startPod(t, says("hello"))
	config := serving(p)
	config.Backends[0].Guard = guardFunc(german)
	config.Backends[0].Log = loadbalancer.Sampling{Enable: true, Rate: 1}
	require.NoError(t, d.Update(config))
	d.get("https://"+licenses+"/v1?a=b", "X-Local-Client: ip=203.0.113.9;region=DE;asn=64500")
	d.get("https://" + licenses + "/v1")

	await.True(t, func() bool { return len(lines(t, log)) == 2 })
	denied, passed := lines(t, log)[0], lines(t, log)[1]
	payload := denied["jsonPayload"].(map[string]any)
	assert.Equal(t, "denied_by_security_policy", payload["statusDetails"])
	assert.Equal(t, map[string]any{"name": "armor", "priority": 1000.0, "configuredAction": "DENY", "outcome": "DENY"}, payload["enforcedSecurityPolicy"])
	assert.Equal(t, 900.0, payload["previewSecurityPolicy"].(map[string]any)["priority"])
	assert.Equal(t, map[string]any{"remoteIpInfo": map[string]any{"regionCode": "DE", "asn": 64500.0}}, payload["securityPolicyRequestData"])
	assert.Equal(t, "WARNING", denied["severity"])
	request := denied["httpRequest"].(map[string]any)
	assert.Equal(t, "https://"+licenses+"/v1?a=b", request["requestUrl"])
	assert.Equal(t, "203.0.113.9", request["remoteIp"])
	assert.Equal(t, 403.0, request["status"])
	assert.NotContains(t, request, "serverIp", "a denied request has no endpoint")

	assert.Equal(t, "response_sent_by_backend", passed["jsonPayload"].(map[string]any)["statusDetails"])
	assert.Equal(t, p.address.Addr().String(), passed["httpRequest"].(map[string]any)["serverIp"])
	assert.Equal(t, "5", passed["httpRequest"].(map[string]any)["responseSize"])
}

func TestTheLogHoldsOnlyWhatIsEnabledAndSampled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log     loadbalancer.Sampling
		written int
	}{
		"logging is off by default":     {loadbalancer.Sampling{}, 0},
		"a rate of zero writes none":    {loadbalancer.Sampling{Enable: true}, 0},
		"a rate of one writes them all": {loadbalancer.Sampling{Enable: true, Rate: 1}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "requests.jsonl")
			d, p := open(t, func(o *loadbalancer.Options) { o.LogFile, o.Keep = log, 3 }), startPod(t, says("hello"))
			config := serving(p)
			config.Backends[0].Log = c.log
			require.NoError(t, d.Update(config))
			for range 5 {
				d.get("https://" + licenses + "/")
			}
			await.True(t, func() bool { return len(lines(t, log)) == c.written && len(d.Recent()) == 3 })
		})
	}
}

// lines are the whole ones: the last may be half-written.
func lines(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		var one map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		all = append(all, one)
	}
	return all
}
