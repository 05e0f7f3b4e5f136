package client_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
)

func TestAServerWithAnAuthorityOfItsOwnIsReachedAtAnAddressThatTheDNSDoesNotKnow(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"` + r.Host + `"}`))
	}))
	t.Cleanup(server.Close)
	ca, nothing := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(nothing, []byte("none"), 0o600))
	config := client.Config{
		Server: "https://example.com", CA: ca, Connect: strings.TrimPrefix(server.URL, "https://"),
		License: "example.com", Product: "p", Fingerprint: "d", Identity: client.Credential("secret"),
	}
	status, err := client.Look(t.Context(), config)
	require.NoError(t, err)
	assert.Equal(t, "example.com", status.ID)

	content, err := os.ReadFile(ca)
	require.NoError(t, err)
	for how, written := range asWindowsWritesIt(string(content)) {
		require.NoError(t, os.WriteFile(ca, []byte(written), 0o600))
		_, err := client.Look(t.Context(), config)
		require.NoError(t, err, how)
	}

	for says, change := range map[string]func(*client.Config){
		"unknown authority":    func(c *client.Config) { c.CA = "" },
		"certificate is valid": func(c *client.Config) { c.Server = "https://elsewhere.invalid" },
		"has to be HOST:PORT":  func(c *client.Config) { c.Connect = "127.0.0.1" },
		"no such file":         func(c *client.Config) { c.CA = ca + "x" },
		"holds no certificate": func(c *client.Config) { c.CA = nothing },
		"does not go together": func(c *client.Config) { c.HTTP = server.Client() },
	} {
		wrong := config
		change(&wrong)
		_, err := client.Look(t.Context(), wrong)
		require.ErrorContains(t, err, says)
		_, err = client.Keys(t.Context(), wrong)
		require.ErrorContains(t, err, says)
	}
}
