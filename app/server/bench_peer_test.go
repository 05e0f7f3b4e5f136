package server_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// peerProgram finds keygen-relay (github.com/keygen-sh/keygen-relay), which issues compare
// with: the make variable RELAY, or a program of that name or of the one that its own
// installer gives it.
func peerProgram() (path string, found bool) {
	for _, name := range []string{os.Getenv("RELAY"), "keygen-relay", "relay"} {
		if name == "" {
			continue
		}
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if said, err := exec.Command(path, "--help").Output(); err == nil && strings.Contains(string(said), "distributes license files") {
			return path, true
		}
	}
	return "", false
}

// peer runs keygen-relay on a loopback address with a database of its own and as many
// licences as there are workers, and returns the load of its cycles: claim, extend, release.
// It says so when the program is not there.
func peer(b *testing.B, workers int) (cycles load, found bool) {
	b.Helper()
	program, found := peerProgram()
	if !found {
		b.Log("keygen-relay is not on this machine, so nothing was compared with it; clone https://github.com/keygen-sh/keygen-relay, go build -o relay ./cmd/relay (needs a C compiler), then make bench BENCH=Acquire RELAY=/path/to/relay")
		return nil, false
	}
	dir := b.TempDir()
	database := filepath.Join(dir, "relay.sqlite")
	public, files, keys := relayLicenses(b, dir, workers)
	said, err := exec.Command(program, "add", "--database", database, "--file", strings.Join(files, ","), "--key", strings.Join(keys, ","), "--public-key", public).CombinedOutput()
	require.NoError(b, err, string(said))
	require.Equal(b, workers, strings.Count(string(said), "license added successfully"), string(said))

	address := freeAddress(b)
	_, port, err := net.SplitHostPort(address)
	require.NoError(b, err)
	command := exec.Command(program, "serve", "--database", database, "--bind", "127.0.0.1", "--port", port)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	url := "http://" + address
	await.True(b, func() bool {
		response, err := http.Get(url + "/v1/health")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, "keygen-relay is not ready")
	connections := wires(b, url, "", workers)
	return calling(workers, func(worker int) error {
		node := fmt.Sprintf("/v1/nodes/passing-%d", worker)
		for _, step := range []struct {
			method string
			status int
		}{{"PUT", 201}, {"PUT", 202}, {"DELETE", 204}} {
			if _, err := connections[worker].send(step.status, step.method, node, ""); err != nil {
				return err
			}
		}
		return nil
	}), true
}

// relayLicenses writes licence files as keygen-relay verifies and decrypts them
// (github.com/keygen-sh/keygen-go, verifier.go and decryptor.go): AES-256-GCM under the SHA-256
// of the licence's key, signed with Ed25519.
func relayLicenses(b *testing.B, dir string, n int) (public string, files, keys []string) {
	b.Helper()
	signer, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(b, err)
	for i := range n {
		key := fmt.Sprintf("KEY-%d", i)
		content, err := json.Marshal(map[string]any{
			"data": map[string]any{"type": "licenses", "id": fmt.Sprintf("license-%d", i), "attributes": map[string]any{"key": key}},
			"meta": map[string]any{"issued": "2026-01-01T00:00:00Z", "expiry": "2100-01-01T00:00:00Z", "ttl": 0},
		})
		require.NoError(b, err)
		secret := sha256.Sum256([]byte(key))
		block, err := aes.NewCipher(secret[:])
		require.NoError(b, err)
		sealer, err := cipher.NewGCM(block)
		require.NoError(b, err)
		nonce := make([]byte, sealer.NonceSize())
		_, err = rand.Read(nonce)
		require.NoError(b, err)
		sealed := sealer.Seal(nil, nonce, content, nil)
		split := len(sealed) - sealer.Overhead()
		text := base64.StdEncoding.EncodeToString
		enc := text(sealed[:split]) + "." + text(nonce) + "." + text(sealed[split:])
		certificate, err := json.Marshal(map[string]string{"enc": enc, "sig": text(ed25519.Sign(private, []byte("license/"+enc))), "alg": "aes-256-gcm+ed25519"})
		require.NoError(b, err)
		file := filepath.Join(dir, fmt.Sprintf("%d.lic", i))
		require.NoError(b, os.WriteFile(file, []byte("-----BEGIN LICENSE FILE-----\n"+text(certificate)+"\n-----END LICENSE FILE-----\n"), 0o600))
		files, keys = append(files, file), append(keys, key)
	}
	return hex.EncodeToString(signer), files, keys
}

func TestTheProgramOfThePeerIsOneThatSaysSo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, found := peerProgram()
	assert.False(t, found)
	other := "#!/bin/sh\necho a mail server\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "relay"), []byte(other), 0o700))
	_, found = peerProgram()
	assert.False(t, found, "another program is called so too")
	named := filepath.Join(dir, "elsewhere")
	require.NoError(t, os.WriteFile(named, []byte("#!/bin/sh\necho relay distributes license files to nodes\n"), 0o700))
	t.Setenv("RELAY", named)
	path, found := peerProgram()
	assert.True(t, found)
	assert.Equal(t, named, path)
}
