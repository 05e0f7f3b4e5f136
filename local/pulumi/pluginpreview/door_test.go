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

// newDoor opens a door that knows one answer, and makes a client that has to go
// through it.
func newDoor(t *testing.T, trusts bool) (*pluginpreview.Door, *http.Client) {
	t.Helper()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	door, err := pluginpreview.OpenDoor(authority, func(method, host, path string) (any, bool) {
		return map[string]string{"from": host}, method == http.MethodGet && path == "/known"
	})
	require.NoError(t, err)
	t.Cleanup(door.Close)
	proxy, err := url.Parse(door.URL())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	if trusts {
		roots = authority.Pool()
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return door, &http.Client{Transport: transport}
}

func TestTheDoorAnswersInTheHostsPlace(t *testing.T) {
	t.Parallel()
	door, client := newDoor(t, true)
	for range 2 {
		response, err := client.Get("https://compute.googleapis.com/known?alt=json")
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.JSONEq(t, `{"from": "compute.googleapis.com"}`, string(body))
	}
	assert.Equal(t, []string{"GET compute.googleapis.com/known"}, door.Asked.Answered())
	assert.Empty(t, door.Asked.Refused())
}

func TestTheDoorRefusesAndRemembersTheRest(t *testing.T) {
	t.Parallel()
	door, client := newDoor(t, true)
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
	assert.Empty(t, door.Asked.Answered())
	assert.Equal(t, []string{
		"DELETE compute.googleapis.com/known", "GET metadata.google.internal/known", "GET storage.googleapis.com/unknown",
	}, door.Asked.Refused())
}

func TestAConnectionWithoutARequestIsRememberedToo(t *testing.T) {
	t.Parallel()
	door, client := newDoor(t, false)
	_, err := client.Get("https://container.googleapis.com/known")
	require.ErrorContains(t, err, "certificate")
	assert.Equal(t, []string{"CONNECT container.googleapis.com:443"}, door.Asked.Refused())
}
