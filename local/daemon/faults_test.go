package daemon_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/google/identity"
)

func TestDrillsOnARunningDaemon(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	client, _ := boot(t, dir, newPlan(t)) // one for all
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	t.Run("what cannot fail is refused", func(t *testing.T) { whatCannotFailIsRefused(t, client) })
	t.Run("what is made to fail fails until it is healed", func(t *testing.T) {
		faultsLast(t, client, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	})
	t.Run("the page is served", func(t *testing.T) { thePageIsServed(t, client) })
	t.Run("the IDE's pods are in the network, and a stranger is kept out of nothing that no policy selects", func(t *testing.T) { intrudersAttempt(t, client) })
	t.Run("a database that is killed is started again", func(t *testing.T) { killedServersStartAgain(t, dir) })
	t.Run("a pod of the IDE that is killed is a problem, which another start mends", func(t *testing.T) { killedPodsAreTold(t, client, dir) })
	t.Run("the control interface asks for its token", func(t *testing.T) { theTokenIsAskedFor(t, client, dir) })
}

// intrudersAttempt needs namespaces; there is no NetworkPolicy yet.
func intrudersAttempt(t *testing.T, client *daemon.Client) {
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	if status.Network.Warning != "" {
		t.Skip(status.Network.Warning)
	}
	ide := status.Pods[slices.IndexFunc(status.Pods, func(p daemon.Pod) bool { return strings.HasPrefix(p.Name, cloudide.API) })]
	at := netip.AddrPortFrom(netip.MustParseAddr(ide.IP), cloudide.Port)
	for range 2 { // it comes again
		got, err := client.Attempt(t.Context(), daemon.AttemptRequest{To: at, Words: "GET /health HTTP/1.0\r\n\r\n"})
		require.NoError(t, err)
		assert.Contains(t, got.Answer, "200 OK")
	}
	const token = "GET /computeMetadata/v1/instance/service-accounts/default/email HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n"
	got, err := client.Attempt(t.Context(), daemon.AttemptRequest{From: at.Addr(), To: metadata.Address(), Words: token})
	require.NoError(t, err)
	assert.Contains(t, got.Answer, cloudide.Project+".svc.id.goog", "the metadata server knows who asks")
	const query = "\x00\x36\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" +
		"\x08cloudkms\x0agoogleapis\x03com\x04evil\x07example" + "\x00\x00\x01\x00\x01" // RFC 1035, by a connection
	resolver := netip.AddrPortFrom(netip.MustParseAddr(cloudide.Names), 53)
	got, err = client.Attempt(t.Context(), daemon.AttemptRequest{From: at.Addr(), To: resolver, Words: query})
	require.NoError(t, err)
	assert.Contains(t, got.Answer, "googleapis", "the resolver answers at the address of kube-dns")
	_, err = client.Attempt(t.Context(), daemon.AttemptRequest{From: netip.MustParseAddr("127.0.0.1"), To: at})
	require.ErrorContains(t, err, "no pod with a network of its own")
}

// killedServersStartAgain kills the IDE's database, which is there before every program.
func killedServersStartAgain(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "run", "postgres-*.pid"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	running := func() int {
		content, err := os.ReadFile(files[0])
		if err != nil {
			return 0 // there is none now
		}
		number, _, _ := strings.Cut(string(content), " ")
		pid, err := strconv.Atoi(number)
		require.NoError(t, err)
		return pid
	}
	before := running()
	require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	await.True(t, func() bool { now := running(); return now != 0 && now != before })
}

func killedPodsAreTold(t *testing.T, client *daemon.Client, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "run", "guest-*"+cloudide.API+"*.pid"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("pods have no processes of their own here")
	}
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	number, _, _ := strings.Cut(string(content), " ")
	pid, err := strconv.Atoi(number)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	await.True(t, func() bool {
		status, err := client.Status(t.Context())
		return err == nil && slices.ContainsFunc(status.Problems, func(text string) bool { return strings.Contains(text, cloudide.API) })
	})
}

func theTokenIsAskedFor(t *testing.T, client *daemon.Client, dir string) {
	stranger := *client
	stranger.Record.Token = "guessed"
	_, err := stranger.Status(t.Context())
	require.ErrorContains(t, err, "it needs the token in daemon.json")
	info, err := os.Stat(filepath.Join(dir, "daemon.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
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
	for name, why := range map[string]string{
		"api": "not deployed yet", "database-lock": "there is no database yet", "redis-memory": "no Redis instance runs",
		"key-version": "there is no version of a signing key yet", "secret-read": "there is no secret yet",
	} {
		_, err = client.SetFault(t.Context(), name, true)
		require.ErrorContains(t, err, why, name)
	}
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
