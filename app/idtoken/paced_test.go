package idtoken

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

// trusting verifies the stand-in's certificate.
func trusting(t *testing.T, ca string) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(ca)))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// cutLast cuts a text at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

func TestForgedTokensDoNotMakeAFetchEach(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	target, err := url.Parse(g.KeysURL)
	require.NoError(t, err)
	var fetched atomic.Int32
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = target, target.Host }, Transport: trusting(t, g.CA)}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	var later atomic.Int64
	o := options(g)
	o.KeysURL, o.Now = gate.URL, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	v, err := New(context.Background(), o)
	require.NoError(t, err)

	signed, signature, found := cutLast(g.Mint(t, apptest.Claims("demo-1a2b", "ada")), ".")
	require.True(t, found)
	forged := signed + "." + strings.Repeat("A", len(signature))
	for range 50 {
		_, err = v.Verify(context.Background(), forged)
		require.Error(t, err)
	}
	assert.LessOrEqual(t, fetched.Load(), int32(2), "the seconds of a slow machine may go on")
	_, err = v.Verify(context.Background(), g.Mint(t, apptest.Claims("demo-1a2b", "ada")))
	require.NoError(t, err)

	before := fetched.Load()
	later.Store(int64(pace))
	_, err = v.Verify(context.Background(), forged)
	require.Error(t, err)
	assert.Greater(t, fetched.Load(), before, "a new key is looked for after that")
}

func TestForgedTokensDoNotMakeAFetchEachOfAnIssuerThatRefuses(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	now := time.Now()
	i.still.Store(&now)
	i.away.Store(true)
	for range 50 {
		assert.Equal(t, app.CodeUnavailable, i.verify())
	}
	assert.EqualValues(t, 1, i.fetched.Load())
	i.away.Store(false)
	i.ahead.Store(int64(pace))
	i.verifies()
	assert.EqualValues(t, 2, i.fetched.Load())
}
