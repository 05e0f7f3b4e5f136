package daemon_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/address"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/identity"
)

// start runs a daemon in a folder of its own and returns a client of it.
func start(t *testing.T) (*daemon.Client, *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	plan := address.Plan{EdgePort: listener.Addr().(*net.TCPAddr).Port}
	require.NoError(t, listener.Close())
	plan.Block, err = address.ChooseBlock(dir)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Dir: dir, Plan: plan, Binary: "test", Log: slog.New(slog.DiscardHandler)}, func(daemon.Record) error {
			close(ready)
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	select {
	case <-ready:
	case <-time.After(time.Minute):
		require.Fail(t, "the daemon does not get ready")
	}
	client, err := daemon.Connect(t.Context(), dir)
	require.NoError(t, err)
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	return client, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestDrillsOnARunningDaemon(t *testing.T) {
	t.Parallel()
	client, trusting := start(t) // one for all: it takes seconds
	t.Run("what cannot fail is refused", func(t *testing.T) { whatCannotFailIsRefused(t, client) })
	t.Run("what is made to fail fails until it is healed", func(t *testing.T) { faultsLast(t, client, trusting) })
	t.Run("the page is served", func(t *testing.T) { thePageIsServed(t, client) })
}

func faultsLast(t *testing.T, client *daemon.Client, trusting *tls.Config) {
	plan := client.Record.Plan
	connection, err := grpc.NewClient(plan.KMS().String(), grpc.WithTransportCredentials(credentials.NewTLS(trusting)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	keys := func() codes.Code {
		_, err := kmspb.NewKeyManagementServiceClient(connection).GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: "unknown"})
		return status.Code(err)
	}
	transport := &http.Transport{TLSClientConfig: trusting}
	t.Cleanup(transport.CloseIdleConnections)
	issuer := func() int { return fetch(t, transport, "https://"+plan.Identity().String()+identity.KeysPath) }
	require.NotEqual(t, codes.Unavailable, keys())
	require.Equal(t, http.StatusOK, issuer())

	for _, name := range []string{"kms", "identity", "kms"} {
		_, err := client.SetFault(t.Context(), name, true)
		require.NoError(t, err)
	}
	assert.Equal(t, codes.Unavailable, keys())
	assert.Equal(t, http.StatusServiceUnavailable, issuer())
	told, err := client.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"kms", "identity"}, told.Faults)

	left, err := client.SetFault(t.Context(), "kms", false)
	require.NoError(t, err)
	assert.Equal(t, []string{"identity"}, left)
	assert.NotEqual(t, codes.Unavailable, keys())
	assert.Equal(t, http.StatusServiceUnavailable, issuer(), "only what is named is healed")
}

func whatCannotFailIsRefused(t *testing.T, client *daemon.Client) {
	_, err := client.SetFault(t.Context(), "everything", true)
	require.ErrorContains(t, err, "allowed are redis, postgres, kms, api, identity")
	_, err = client.SetFault(t.Context(), "api", true)
	require.ErrorContains(t, err, "not deployed yet")
	told, err := client.Status(t.Context())
	require.NoError(t, err)
	assert.Empty(t, told.Faults, "what could not be done is not told as done")
	_, err = client.Drift(t.Context())
	require.ErrorContains(t, err, "the stack is not up", "the Cloud IDE's things are not touched")
	require.NoError(t, client.Undrift(t.Context()))
}

func thePageIsServed(t *testing.T, client *daemon.Client) {
	require.Contains(t, client.Record.Page, "http://127.0.0.1:")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	assert.Equal(t, http.StatusOK, fetch(t, transport, client.Record.Page))
	found, err := client.Requests(t.Context(), "")
	require.NoError(t, err)
	assert.Empty(t, found)
}

func fetch(t *testing.T, transport *http.Transport, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}
