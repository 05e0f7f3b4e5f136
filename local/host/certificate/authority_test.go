package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/certificate"
)

var loopback = []netip.Addr{netip.MustParseAddr("127.0.0.1")}

func TestAnAuthorityIsTheSameAfterARestartAndItsKeyIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cloud")
	first, err := certificate.LoadOrCreate(dir)
	require.NoError(t, err)
	second, err := certificate.LoadOrCreate(dir)
	require.NoError(t, err)
	assert.Equal(t, first.PEM(), second.PEM())
	written, err := os.ReadFile(first.Path())
	require.NoError(t, err)
	assert.Equal(t, first.PEM(), string(written))
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestACertificateIsValidForItsNamesAndAddressesOnly(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	issued, err := authority.Issue([]string{"licenses.coditect.ai"}, loopback)
	require.NoError(t, err)
	for host, valid := range map[string]bool{"licenses.coditect.ai": true, "127.0.0.1": true, "api.coditect.ai": false, "127.0.0.2": false} {
		_, err := issued.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: authority.Pool()})
		assert.Equal(t, valid, err == nil, "%s: %v", host, err)
	}
	assert.Empty(t, issued.Leaf.Subject.CommonName)
	assert.LessOrEqual(t, issued.Leaf.NotAfter.Sub(issued.Leaf.NotBefore), 397*24*time.Hour)
	assert.False(t, issued.Leaf.IsCA)

	_, err = authority.Issue(nil, nil)
	assert.ErrorContains(t, err, "at least one")
}

func TestACertificateWithACommonNameOnlyIsForNoHostAndNoAddress(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreateNamed(t.TempDir(), "Google Cloud SQL Server CA")
	require.NoError(t, err)
	issued, err := authority.IssueNamed("project:instance")
	require.NoError(t, err)
	assert.Equal(t, "project:instance", issued.Leaf.Subject.CommonName)
	assert.Equal(t, "Google Cloud SQL Server CA", issued.Leaf.Issuer.CommonName)
	_, err = issued.Leaf.Verify(x509.VerifyOptions{Roots: authority.Pool()})
	require.NoError(t, err)
	for _, host := range []string{"project:instance", "instance", "127.0.0.1"} {
		_, err = issued.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: authority.Pool()})
		assert.Error(t, err, host)
	}
}

func TestAServerIsTrustedByWhoTrustsTheAuthorityAndByNobodyElse(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	config, err := authority.ServerConfig(nil, loopback)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	server.TLS = config
	server.TLS.Certificates = nil
	listener := server.Listener
	server.Listener = tls.NewListener(listener, config)
	server.Start()
	defer server.Close()
	url := "https://" + listener.Addr().String()

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(url)
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusTeapot, answer.StatusCode)

	other, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: other.Pool()}}}
	_, err = stranger.Get(url)
	assert.ErrorContains(t, err, "unknown authority")
}

func TestACertificateIsWrittenAsPEMThatLoads(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	issued, err := authority.Issue(nil, loopback)
	require.NoError(t, err)
	chain, key, err := certificate.Encode(issued)
	require.NoError(t, err)
	loaded, err := tls.X509KeyPair(chain, key)
	require.NoError(t, err)
	assert.Equal(t, issued.Certificate, loaded.Certificate)
}

func TestADamagedAuthorityNamesItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := certificate.LoadOrCreate(dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "ca.key")))
	_, err = certificate.LoadOrCreate(dir)
	assert.ErrorContains(t, err, dir)
}

func TestACertificateCanEndSoon(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	soon, err := authority.IssueFor(time.Hour, []string{"licenses.coditect.ai"}, nil)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(time.Hour), soon.Leaf.NotAfter, time.Minute)
}

func TestACertificateOutlivesAStepOfTheClock(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	leaf, err := authority.Issue([]string{"licenses.coditect.ai"}, nil)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(authority.PEM())))
	for _, step := range []time.Duration{-12 * time.Hour, -10 * time.Minute, 0, time.Hour, 30 * 24 * time.Hour} {
		_, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "licenses.coditect.ai", CurrentTime: time.Now().Add(step)})
		assert.NoError(t, err, "the clock was moved by %s", step)
	}
	assert.Less(t, leaf.Leaf.NotAfter.Sub(leaf.Leaf.NotBefore), 398*24*time.Hour, "what clients accept at most")
}
