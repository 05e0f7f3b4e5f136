package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// newcomersHoldSeats runs the program of docs/client.md, built in an empty folder, with
// the settings that the document gives for a local stack.
func newcomersHoldSeats(t *testing.T, m *machine) {
	program := exec.CommandContext(t.Context(), apptest.Newcomer(t, filepath.Join("..", "..")))
	program.Env = append(os.Environ(),
		"LICENSE_SERVER=https://"+m.endpoints.Hosts["licenses"], "LICENSE_TOKEN="+m.token(t), "LICENSE_CA="+m.endpoints.CA, "LICENSE_CONNECT="+strings.TrimPrefix(m.endpoints.Edge, "https://"))
	output, err := program.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "held until")
	assert.Contains(t, string(output), "released: <nil>")
}

// programsHoldSeats runs the command `license` as a pipeline does: one line of shell, with a
// service credential in the environment.
func programsHoldSeats(t *testing.T, m *machine) {
	host := m.endpoints.Hosts["licenses"]
	admin := m.token(t, "--role", "admin")
	var made answer
	for n := range 5 { // one whose answer a busy machine was too late for exists, and nobody knows its secret
		made = m.sendOnce(t, request{
			method: http.MethodPost, host: host, path: "/v1/credentials", token: admin,
			body: map[string]any{"name": fmt.Sprintf("pipeline %d", n), "licenses": []string{m.endpoints.License}},
		}, "")
		if made.status != http.StatusServiceUnavailable {
			break
		}
	}
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
