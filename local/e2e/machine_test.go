package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
)

// machine is one embedded cloud in a folder of its own, driven by the commands
// that a person would type.
type machine struct {
	binary, directory string
	edgePort          int
	endpoints         endpoints
	client            *http.Client
	// roots are the authority that the load balancer is trusted by.
	roots *x509.CertPool
	// strangers counts the clients that were given an address of their own.
	strangers *atomic.Uint32
}

// endpoints is what `up` writes for programs to read.
type endpoints struct {
	Edge    string            `json:"edge"`
	CA      string            `json:"ca"`
	Hosts   map[string]string `json:"hosts"`
	Metrics string            `json:"metrics"`
	Tenant  string            `json:"tenant"`
	License string            `json:"license"`
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	// The one that `make` runs, linked as it links it: linking takes long.
	binary, err := filepath.Abs("../../bin/local")
	require.NoError(t, err)
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", binary, "github.com/coditect-ai/license-platform/local")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return &machine{binary: binary, directory: filepath.Join(t.TempDir(), "cloud"), edgePort: port.Free(t), strangers: new(atomic.Uint32)}
}

// commandLimit is how long one command may take: far more than a busy machine needs.
const commandLimit = 15 * time.Minute

// command runs one command of the program and returns what it printed. The
// exit code is part of what a person sees, so it is returned too.
func (m *machine) command(t testing.TB, arguments ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	arguments = append(arguments, "--dir", m.directory)
	command := exec.CommandContext(ctx, m.binary, arguments...)
	command.Env = append(os.Environ(), fmt.Sprintf("EDGE_PORT=%d", m.edgePort))
	output, err := command.CombinedOutput()
	require.NoError(t, ctx.Err(), "%s took too long:\n%s", arguments[0], output)
	code := 0
	if err != nil {
		var failed *exec.ExitError
		require.ErrorAs(t, err, &failed)
		code = failed.ExitCode()
	}
	t.Logf("$ local %s   (exit code %d)\n%s", strings.Join(arguments, " "), code, output)
	return string(output), code
}

// must runs a command that has to succeed.
func (m *machine) must(t testing.TB, arguments ...string) string {
	t.Helper()
	output, code := m.command(t, arguments...)
	require.Zero(t, code, output)
	return output
}

// well returns what `status` says once it finds no problem, but for what is made to fail: on
// a busy machine a pod may be late for a probe, or a server for an answer.
func (m *machine) well(t *testing.T) (said string) {
	t.Helper()
	await.True(t, func() bool {
		output, code := m.command(t, "status")
		said = output
		return code == 0
	}, "the stack is not well")
	return said
}

// token prints a token of the local issuer. Standard error is left out, since
// the token is used as it stands.
func (m *machine) token(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), m.binary, append([]string{"token", "--dir", m.directory}, arguments...)...)
	output, err := command.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(output))
}

// connect reads where everything is and makes a client that trusts the local
// certificate authority only and reaches every host through the load balancer.
func (m *machine) connect(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "endpoints.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &m.endpoints))
	require.Equal(t, "https://"+m.edge(), m.endpoints.Edge)
	m.trust(t)
}

// edge is where the load balancer listens.
func (m *machine) edge() string { return fmt.Sprintf("127.0.0.1:%d", m.edgePort) }

// trust makes the client, which needs no stack: the load balancer is there before.
func (m *machine) trust(t *testing.T) {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(m.directory, "ca.pem"))
	require.NoError(t, err)
	m.roots = x509.NewCertPool()
	require.True(t, m.roots.AppendCertsFromPEM(authority))
	dialer := &net.Dialer{Timeout: await.Limit}
	m.client = &http.Client{
		Timeout: await.Limit,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: m.roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, m.edge())
			},
		},
	}
	t.Cleanup(m.client.CloseIdleConnections)
}

// request is what one client sends: from where, with which token and body.
type request struct {
	method, host, path string
	token              string
	body               any
	client             string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// stranger is a client at an address that no other request of the test comes from, nor one
// of 'local attack' or a fault's clients, so that no rate limit per client is in the way. It is
// out of the shared address space (RFC 6598). Any goroutine may ask for one.
func (m *machine) stranger() string {
	n := m.strangers.Add(1)
	return fmt.Sprintf("ip=%s;region=US", netip.AddrFrom4([4]byte{100, 64 + byte(n>>16)&63, byte(n >> 8), byte(n)}))
}

// send sends a request as a client of docs/api.md does: with an Idempotency-Key, again after
// the time that the API asks for while it is too busy for the request, and for a bounded
// time.
func (m *machine) send(t *testing.T, r request) answer {
	t.Helper()
	key := rand.Text()
	for deadline := time.Now().Add(await.Limit); ; {
		got := m.sendOnce(t, r, key)
		wait, err := strconv.Atoi(got.header.Get("Retry-After"))
		busy := got.status == http.StatusServiceUnavailable || strings.Contains(string(got.body), `"idempotency_in_progress"`)
		if !busy || err != nil || time.Now().After(deadline) {
			return got
		}
		t.Logf("%s %s: asked to come again in %d s: %s", r.method, r.path, wait, got.body)
		time.Sleep(time.Duration(wait) * time.Second)
	}
}

// sendOnce sends a request and returns the first answer.
func (m *machine) sendOnce(t *testing.T, r request, key string) answer {
	t.Helper()
	var body io.Reader
	if r.body != nil {
		content, err := json.Marshal(r.body)
		require.NoError(t, err)
		body = bytes.NewReader(content)
	}
	sent, err := http.NewRequestWithContext(t.Context(), r.method, "https://"+r.host+r.path, body)
	require.NoError(t, err)
	if r.method == http.MethodPost && key != "" {
		sent.Header.Set("Idempotency-Key", key)
	}
	if r.body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.client != "" {
		sent.Header.Set("X-Local-Client", r.client)
	}
	received, err := m.client.Do(sent)
	require.NoError(t, err)
	defer func() { _ = received.Body.Close() }()
	content, err := io.ReadAll(received.Body)
	require.NoError(t, err)
	return answer{status: received.StatusCode, header: received.Header, body: content}
}

// json decodes the answer's body.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(a.body, &decoded), string(a.body))
	return decoded
}
