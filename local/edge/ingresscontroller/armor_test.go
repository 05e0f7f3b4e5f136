package ingresscontroller_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/scenario/stub"
)

// TestTheDeclaredPolicyDecidesAtTheLoadBalancer runs the whole way: store, load
// balancer, load balancer, Cloud Armor, pods.
func TestTheDeclaredPolicyDecidesAtTheLoadBalancer(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	license := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "license-api") }))
	ide := serve(t, stub.NewAPI())
	w.setPods(at("license-api", license), at("coditect-api-v2", ide))
	w.edit(licenseConfig, ", port: 8000", "")
	w.edit(ideService, "targetPort: 8080", "targetPort: http")
	get := w.run(t)

	status, body := get("licenses.coditect.ai", "ip=203.0.113.1;region=DE")
	assert.Equal(t, http.StatusForbidden, status, "the region rule is the first to match: %s", body)
	for range 100 {
		status, body = get("licenses.coditect.ai", "ip=203.0.113.2;region=US")
		require.Equal(t, http.StatusOK, status, body)
		assert.Equal(t, "license-api", body)
	}
	status, _ = get("licenses.coditect.ai", "ip=203.0.113.2;region=US")
	assert.Equal(t, http.StatusTooManyRequests, status, "the 101st request in a minute")
	status, _ = get("licenses.coditect.ai", "ip=203.0.113.3;region=US")
	assert.Equal(t, http.StatusOK, status, "another client is not limited")
	for _, client := range []string{"ip=203.0.113.1;region=DE", "ip=203.0.113.2;region=US"} {
		status, body = get("api.coditect.ai", client)
		assert.Equal(t, http.StatusOK, status, "the IDE is untouched")
		assert.Contains(t, body, `"service":"coditect-api-v2"`)
	}

	w.remove(regionRule)
	await.True(t, func() bool {
		status, _ := get("licenses.coditect.ai", "ip=203.0.113.1;region=DE")
		return status == http.StatusOK
	}, "a rule that is gone stops nobody")
	status, _ = get("licenses.coditect.ai", "ip=203.0.113.2;region=US")
	assert.Equal(t, http.StatusTooManyRequests, status, "a change of another rule forgets no rate limit")
}

// run starts the load balancer and its controller, waits until every endpoint is
// healthy, and returns a client.
func (w *fixture) run(t *testing.T) func(host, client string) (int, string) {
	t.Helper()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	door, err := loadbalancer.New(loadbalancer.Options{
		Address: netip.MustParseAddrPort("127.0.0.1:0"), Issue: authority.Issue, DefaultClient: loadbalancer.Client{Region: "US"},
	})
	require.NoError(t, err)
	lb := ingresscontroller.New(ingresscontroller.Options{
		Store: w.store, Pods: w, LoadBalancer: door, Armor: ingresscontroller.CloudArmor(cloudarmor.Options{}),
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- door.Serve(ctx) }()
	go func() { ended <- lb.Run(ctx) }()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, door.Address().String())
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		assert.NoError(t, await.Receive(t, ended))
		assert.NoError(t, await.Receive(t, ended))
	})
	await.True(t, func() bool {
		for _, b := range door.Status() {
			for _, e := range b.Endpoints {
				if e.Health != "HEALTHY" {
					return false
				}
			}
		}
		return lb.Status().Synced
	}, "%v", lb.Status())
	return func(host, client string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/", nil)
		require.NoError(t, err)
		request.Header.Set(loadbalancer.ClientHeader, client)
		response, err := transport.RoundTrip(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
}

func serve(t *testing.T, handler http.Handler) netip.AddrPort {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

func at(app string, address netip.AddrPort) ingresscontroller.Pod {
	p := pod(app, address.Addr().String(), true)
	p.Ports = map[string]int32{"http": int32(address.Port())}
	return p
}
