package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// machine is one embedded cloud in a folder of its own, driven by the commands
// that a person would type.
type machine struct {
	binary, directory string
	port              int
	endpoints         struct {
		Edge    string            `json:"edge"`
		CA      string            `json:"ca"`
		Hosts   map[string]string `json:"hosts"`
		Metrics string            `json:"metrics"`
		License string            `json:"license"`
	}
	client *http.Client
}

// bringUp brings a whole stack up, and takes it down when the test ends.
func bringUp(t *testing.T) *machine {
	t.Helper()
	m := &machine{binary: filepath.Join(t.TempDir(), "local"), directory: filepath.Join(t.TempDir(), "cloud")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.port = listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
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
	command.Env = append(os.Environ(), fmt.Sprintf("EDGE_PORT=%d", m.port))
	output, err := command.CombinedOutput()
	return string(output), err
}

func (m *machine) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := m.command(arguments...)
	require.NoError(t, err, output)
	return strings.TrimSpace(output)
}

// connect makes a client that reaches every host through the front door.
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

// edge is the license host at the front door, pod the API without it.
func (m *machine) edge() string { return "https://" + m.endpoints.Hosts["licenses"] }

func (m *machine) pod() string {
	return strings.Replace(strings.TrimSuffix(m.endpoints.Metrics, "/metrics"), ":9090", ":8000", 1)
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
