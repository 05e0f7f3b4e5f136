package pluginpreview_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
)

// newProxy starts a proxy that knows one answer, and makes a client that has to go
// through it.
func newProxy(t *testing.T, trusts bool) (*pluginpreview.Proxy, *http.Client) {
	t.Helper()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	proxy, err := pluginpreview.StartProxy(authority, func(method, host, path string) (any, bool) {
		return map[string]string{"from": host}, method == http.MethodGet && path == "/known"
	})
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	if trusts {
		roots = authority.Pool()
	}
	transport := &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return proxy, &http.Client{Transport: transport}
}

func TestTheProxyAnswersForTheHost(t *testing.T) {
	t.Parallel()
	proxy, client := newProxy(t, true)
	for range 2 {
		response, err := client.Get("https://compute.googleapis.com/known?alt=json")
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.JSONEq(t, `{"from": "compute.googleapis.com"}`, string(body))
	}
	assert.Equal(t, []string{"GET compute.googleapis.com/known"}, proxy.Requests.Answered())
	assert.Empty(t, proxy.Requests.Refused())
}

func TestTheProxyRefusesAndListsEveryOtherRequest(t *testing.T) {
	t.Parallel()
	proxy, client := newProxy(t, true)
	for _, request := range []struct{ method, url string }{
		{http.MethodGet, "https://storage.googleapis.com/unknown"},
		{http.MethodDelete, "https://compute.googleapis.com/known"},
		{http.MethodGet, "http://metadata.google.internal/known"},
	} {
		asked, err := http.NewRequestWithContext(t.Context(), request.method, request.url, nil)
		require.NoError(t, err)
		response, err := client.Do(asked)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusForbidden, response.StatusCode, request.url)
	}
	assert.Empty(t, proxy.Requests.Answered())
	assert.Equal(t, []string{
		"DELETE compute.googleapis.com/known", "GET metadata.google.internal/known", "GET storage.googleapis.com/unknown",
	}, proxy.Requests.Refused())
}

func TestAConnectionWithoutARequestIsListedToo(t *testing.T) {
	t.Parallel()
	proxy, client := newProxy(t, false)
	_, err := client.Get("https://container.googleapis.com/known")
	require.ErrorContains(t, err, "certificate")
	assert.Equal(t, []string{"CONNECT container.googleapis.com:443"}, proxy.Requests.Refused())
}
