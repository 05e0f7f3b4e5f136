package main

import (
	"bytes"
	"context"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	gke "github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/address"
)

// machine is one embedded cloud in a folder of its own, driven by the commands
// that a person would type.
type machine struct {
	binary, directory string
	endpoints         struct {
		Edge    string            `json:"edge"`
		CA      string            `json:"ca"`
		Hosts   map[string]string `json:"hosts"`
		License string            `json:"license"`
	}
	client *http.Client
}

// bringUp brings a whole stack up, and takes it down when the test ends.
func bringUp(t *testing.T) *machine {
	t.Helper()
	m := &machine{binary: filepath.Join(t.TempDir(), "local"), directory: filepath.Join(t.TempDir(), "cloud")}
	// For the commands here, and for those that the response runs.
	t.Setenv("EDGE_PORT", strconv.Itoa(port.Free(t)))
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", m.binary, "github.com/coditect-ai/license-platform/local").CombinedOutput()
	require.NoError(t, err, string(output))
	t.Cleanup(func() { _, _ = m.command("down") })
	m.must(t, "up")
	m.connect(t)
	return m
}

// command runs one command of the embedded cloud and returns all that it said.
func (m *machine) command(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, m.binary, append(arguments, "--dir", m.directory)...)
	output, err := command.CombinedOutput()
	return string(output), err
}

func (m *machine) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := m.command(arguments...)
	require.NoError(t, err, output)
	return strings.TrimSpace(output)
}

// connect makes a client that reaches every host through the load balancer.
func (m *machine) connect(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "endpoints.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &m.endpoints))
	authority, err := os.ReadFile(m.endpoints.CA)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	edge := strings.TrimPrefix(m.endpoints.Edge, "https://")
	m.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":443") {
				address = edge
			}
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
		},
	}}
	t.Cleanup(m.client.CloseIdleConnections)
}

// edge is the license host at the load balancer.
func (m *machine) edge() string { return "https://" + m.endpoints.Hosts["licenses"] }

// sign asks the embedded Cloud KMS for a signature by the first version of the
// signing key, as the API does, and returns the code of its answer. The API
// itself is out of reach: only the load balancer may call its pods.
func (m *machine) sign(t *testing.T) codes.Code {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "plan.json"))
	require.NoError(t, err)
	var plan address.Plan
	require.NoError(t, json.Unmarshal(content, &plan))
	authority, err := credentials.NewClientTLSFromFile(m.endpoints.CA, "")
	require.NoError(t, err)
	connection, err := grpc.NewClient(plan.KMS().String(), grpc.WithTransportCredentials(authority))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	var version string
	for name := range m.declared(t) {
		if found, ok := strings.CutPrefix(name, "gcp:kms/cryptoKeyVersion:CryptoKeyVersion "); ok {
			version = found
		}
	}
	require.NotEmpty(t, version)
	sum := sha512.Sum512([]byte("a licence"))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+m.accessToken(t))
	_, err = kmspb.NewKeyManagementServiceClient(connection).AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name: version, Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: sum[:]}},
	})
	return status.Code(err)
}

// accessToken is what the metadata server gives a pod of the API; nobody else gets it.
func (m *machine) accessToken(t *testing.T) string {
	t.Helper()
	client, err := daemon.Connect(t.Context(), m.directory)
	require.NoError(t, err)
	found, err := client.Status(t.Context())
	require.NoError(t, err)
	at := slices.IndexFunc(found.Pods, func(p daemon.Pod) bool { return strings.HasPrefix(p.Name, "license-api-") && p.Ready })
	require.GreaterOrEqual(t, at, 0, "no pod of the API is ready")
	from, err := netip.ParseAddr(found.Pods[at].IP)
	require.NoError(t, err)
	outcome, err := client.Attempt(t.Context(), daemon.AttemptRequest{
		From: from, To: gke.Address(),
		Words: dataplane.Octets("GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n"),
	})
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(outcome.Answer), "\r\n\r\n")
	var token struct {
		Access string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &token), "%s", outcome.Answer)
	require.NotEmpty(t, token.Access)
	return token.Access
}

// call sends a request and returns status and body.
func (m *machine) call(t *testing.T, method, url, token string, body any) (int, map[string]any) {
	t.Helper()
	content, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(content))
	require.NoError(t, err)
	if body == nil {
		request.Body, request.ContentLength = nil, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := m.client.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var decoded map[string]any
	_ = json.Unmarshal(text, &decoded) // pages are not JSON
	return answer.StatusCode, decoded
}

func (m *machine) acquire(t *testing.T, at, token, device string) (int, map[string]any) {
	t.Helper()
	return m.call(t, http.MethodPost, at+"/v1/licenses/"+m.endpoints.License+"/acquire", token, map[string]any{"fingerprint": device})
}

// declared is everything that exists in the embedded cloud, by type and id,
// without what the cloud counts up by itself.
func (m *machine) declared(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "store.json"))
	require.NoError(t, err)
	var resources []struct {
		Type, ID string
		Inputs   map[string]any
	}
	require.NoError(t, json.Unmarshal(content, &resources))
	found := map[string]string{}
	for _, r := range resources {
		inputs, err := json.Marshal(r.Inputs)
		require.NoError(t, err)
		found[r.Type+" "+r.ID] = string(inputs)
	}
	return found
}
