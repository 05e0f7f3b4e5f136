package e2e_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// newcomersHoldSeats runs the program of docs/client.md, built in an empty folder. It finds the
// local load balancer by the two variables that any Go program heeds: a proxy, and authorities.
func newcomersHoldSeats(t *testing.T, m *machine) {
	program := exec.CommandContext(t.Context(), apptest.Newcomer(t, filepath.Join("..", "..")))
	program.Env = append(os.Environ(),
		"LICENSE_SERVER=https://"+m.endpoints.Hosts["licenses"], "LICENSE_TOKEN="+m.token(t), "SSL_CERT_FILE="+m.endpoints.CA, "HTTPS_PROXY="+m.proxy(t))
	output, err := program.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "held until")
	assert.Contains(t, string(output), "released: <nil>")
}

// proxy leads every connection to the load balancer, whatever host it is for.
func (m *machine) proxy(t *testing.T) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		edge, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", strings.TrimPrefix(m.endpoints.Edge, "https://"))
		if err != nil {
			http.Error(w, "the load balancer does not answer", http.StatusBadGateway)
			return
		}
		defer func() { _ = edge.Close() }()
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = client.Close() }()
		ended := make(chan struct{}, 2)
		go func() { _, _ = io.Copy(edge, buffered); ended <- struct{}{} }()
		go func() { _, _ = io.Copy(client, edge); ended <- struct{}{} }()
		<-ended
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// programsHoldSeats runs the command `license` as a pipeline does: one line of shell, with a
// service credential in the environment.
func programsHoldSeats(t *testing.T, m *machine) {
	host := m.endpoints.Hosts["licenses"]
	admin := m.token(t, "--role", "admin")
	made := m.send(t, request{method: http.MethodPost, host: host, path: "/v1/credentials", token: admin, body: map[string]any{"name": "pipeline", "licenses": []string{m.endpoints.License}}})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	binary := filepath.Join(t.TempDir(), "license")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/coditect-ai/license-platform/app/cmd/license").CombinedOutput()
	require.NoError(t, err, "%s", built)
	line := exec.CommandContext(t.Context(), binary, "run", "--", "sh", "-c", `echo "secret: $LICENSE_CREDENTIAL."`)
	line.Env = append(os.Environ(),
		"LICENSE_SERVER=https://"+host, "LICENSE_ID="+m.endpoints.License, "LICENSE_PRODUCT=coditect-ide", "LICENSE_DEVICE=runner",
		"LICENSE_CA="+m.endpoints.CA, "LICENSE_CONNECT="+strings.TrimPrefix(m.endpoints.Edge, "https://"), "LICENSE_CREDENTIAL="+made.json(t)["secret"].(string))
	output, err := line.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, "secret: .\n", string(output), "the command runs, and does not see the secret")
	audit := m.send(t, request{method: http.MethodGet, host: host, path: "/v1/audit?limit=10", token: admin})
	id := made.json(t)["id"].(string)
	for _, action := range []string{"lease.acquire", "lease.release"} {
		assert.Regexp(t, `"user":"credential:`+id+`"[^}]*"action":"`+action+`"`, string(audit.body))
	}
	revoked := m.send(t, request{method: http.MethodPost, host: host, path: "/v1/credentials/" + id + "/revoke", token: admin})
	require.Equal(t, http.StatusOK, revoked.status, string(revoked.body))
}
