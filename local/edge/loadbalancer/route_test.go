package loadbalancer_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestRequestsAreRoutedByHostAndTheLongestPath(t *testing.T) {
	t.Parallel()
	d := open(t)
	config := serving()
	config.Backends = nil
	for _, name := range []string{"root", "v1", "exact", "deep", "wild", "other"} {
		p := startPod(t, says(name))
		config.Backends = append(config.Backends, loadbalancer.Backend{Name: name, HealthCheck: untilWell(), Endpoints: []netip.AddrPort{p.address}})
	}
	config.Certificates[0].Domains = []string{licenses, ide, "x.example.com", "example.com", "other.coditect.ai"}
	config.Hosts = []loadbalancer.Host{
		{Host: licenses, Paths: []loadbalancer.Path{
			{Pattern: "/v1", Backend: "v1"},
			{Pattern: "/v1/*", Backend: "v1"},
			{Pattern: "/*", Backend: "root"},
			{Pattern: "/v1/deep/*", Backend: "deep"},
			{Pattern: "/v1/deep/", Backend: "exact"},
		}},
		{Host: ide, Paths: []loadbalancer.Path{{Pattern: "/only", Backend: "other"}}},
		{Host: "*.example.com", Paths: []loadbalancer.Path{{Pattern: "/*", Backend: "wild"}}},
	}
	require.NoError(t, d.Update(config))
	for url, want := range map[string]string{
		"https://" + licenses + "/":                "root",
		"https://" + licenses + "/v1":              "v1",
		"https://" + licenses + "/v1/":             "v1",
		"https://" + licenses + "/v1/x?y=/v1/deep": "v1",
		"https://" + licenses + "/v11":             "root",
		"https://" + licenses + "/V1":              "root",
		"https://" + licenses + "/v1/deep":         "v1",
		"https://" + licenses + "/v1/deep/":        "exact",
		"https://" + licenses + "/v1/deep/x":       "deep",
		"https://LICENSES.coditect.ai:8443/v1":     "v1",
		"https://" + ide + "/only":                 "other",
		"https://" + ide + "/only/more":            "default backend - 404",
		"https://" + ide + "/":                     "default backend - 404",
		"https://x.example.com/":                   "wild",
		"https://example.com/":                     "default backend - 404",
		"https://other.coditect.ai/v1":             "default backend - 404",
	} {
		got := d.get(url)
		assert.Equal(t, want, got.body, url)
		if want == "default backend - 404" {
			assert.Equal(t, http.StatusNotFound, got.status, url)
		}
	}
}

func TestADefaultBackendTakesWhatNoRuleMatches(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("fallback"))
	config := serving(p)
	config.Default, config.Hosts = "license-api", nil
	require.NoError(t, d.Update(config))
	assert.Equal(t, "fallback", d.get("https://"+licenses+"/x").body)
}

func TestTheCertificateIsChosenBySNIAndThePrimaryOneAnswersTheRest(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, err := d.do(http.MethodGet, "https://"+licenses+"/", "")
	require.Error(t, err, "without an Ingress there is no certificate to present")
	require.NoError(t, d.Update(serving()))
	presented := func(name string) *x509.Certificate {
		c, err := tls.Dial("tcp", d.Address().String(), &tls.Config{ServerName: name, RootCAs: d.roots})
		require.NoError(t, err, name)
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0]
	}
	first := presented(licenses)
	assert.Equal(t, licenses, first.DNSNames[0])
	assert.Equal(t, ide, presented(ide).DNSNames[0])
	assert.Equal(t, licenses, presented("127.0.0.1").DNSNames[0])
	require.NoError(t, d.Update(serving()))
	assert.True(t, first.Equal(presented(licenses)), "an update keeps the certificate")
	require.NoError(t, d.Reissue())
	assert.False(t, first.Equal(presented(licenses)), "another one is shown from then on")
	_, err = d.do(http.MethodGet, "https://unknown.coditect.ai/", "")
	var mismatch x509.HostnameError
	require.ErrorAs(t, err, &mismatch)
	assert.Equal(t, licenses, mismatch.Certificate.DNSNames[0])
}

func TestTheSSLPolicyDecidesVersionsAndCiphers(t *testing.T) {
	t.Parallel()
	d := open(t)
	dial := func(version uint16, suites ...uint16) (uint16, error) {
		c, err := tls.Dial("tcp", d.Address().String(), &tls.Config{
			ServerName: licenses, RootCAs: d.roots, MinVersion: tls.VersionTLS10, MaxVersion: version, CipherSuites: suites,
		})
		if err != nil {
			return 0, err
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().Version, nil
	}
	cbc := uint16(tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA)
	for name, c := range map[string]struct {
		policy  loadbalancer.TLSPolicy
		max     uint16
		suites  []uint16
		refused bool
	}{
		"RESTRICTED refuses TLS 1.1":         {loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"}, tls.VersionTLS11, nil, true},
		"RESTRICTED speaks TLS 1.2":          {loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"}, tls.VersionTLS12, nil, false},
		"RESTRICTED offers TLS 1.3":          {loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"}, tls.VersionTLS13, nil, false},
		"RESTRICTED refuses CBC":             {loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"}, tls.VersionTLS12, []uint16{cbc}, true},
		"MODERN accepts CBC":                 {loadbalancer.TLSPolicy{Profile: "MODERN", MinVersion: "TLS_1_2"}, tls.VersionTLS12, []uint16{cbc}, false},
		"no policy accepts TLS 1.0":          {loadbalancer.TLSPolicy{}, tls.VersionTLS10, nil, false},
		"TLS_1_3 as minimum refuses TLS 1.2": {loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_3"}, tls.VersionTLS12, nil, true},
		"CUSTOM accepts the suites it lists": {loadbalancer.TLSPolicy{Profile: "CUSTOM", MinVersion: "TLS_1_2", CustomFeatures: []string{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"}}, tls.VersionTLS12, []uint16{cbc}, false},
	} {
		config := serving()
		config.TLS = c.policy
		require.NoError(t, d.Update(config), name)
		version, err := dial(c.max, c.suites...)
		if c.refused {
			require.Error(t, err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.max, version, name)
	}
}

func TestAMistakeInTheConfigurationIsRefusedAndTheOldOneServes(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("still here"))
	require.NoError(t, d.Update(serving(p)))
	for want, change := range map[string]func(*loadbalancer.Config){
		`path "v1" must start with /`:         func(c *loadbalancer.Config) { c.Hosts[0].Paths[0].Pattern = "v1" },
		`* is allowed only at the end`:        func(c *loadbalancer.Config) { c.Hosts[0].Paths[0].Pattern = "/v*/x" },
		`refers to backend "gone"`:            func(c *loadbalancer.Config) { c.Hosts[0].Paths[0].Backend = "gone" },
		`session affinity "GENERATED_COOKIE"`: func(c *loadbalancer.Config) { c.Backends[0].Affinity = "GENERATED_COOKIE" },
		`log sample rate 2`:                   func(c *loadbalancer.Config) { c.Backends[0].Log.Rate = 2 },
		`profile "STRICT" is unknown`:         func(c *loadbalancer.Config) { c.TLS.Profile = "STRICT" },
		`redirect code 200`:                   func(c *loadbalancer.Config) { c.PlainHTTP.RedirectCode = 200 },
		`a name that no other backend has`:    func(c *loadbalancer.Config) { c.Backends = append(c.Backends, c.Backends[0]) },
		`longer than the interval`:            func(c *loadbalancer.Config) { c.Backends[0].HealthCheck.Timeout = 20 * await.Limit },
	} {
		config := serving(p)
		change(&config)
		require.ErrorContains(t, d.Update(config), want)
	}
	assert.Equal(t, "still here", d.get("https://"+licenses+"/").body)
}

func TestARequestForWhatIsNoHostIsRefusedAndNotLoggedAsAnAddress(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, host := range []string{"<b>x</b>", licenses + "/v1/", licenses + "?", "a b"} {
		request := httptest.NewRequest(http.MethodGet, "https://"+ide+"/path", http.NoBody)
		request.Host = host
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, request)
		assert.Equal(t, http.StatusBadRequest, answer.Code, host)
		latest := d.Recent()
		require.NotEmpty(t, latest)
		assert.Equal(t, "https://malformed-host.invalid/path", latest[0].HTTPRequest.URL, host)
	}
}
