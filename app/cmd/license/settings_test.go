package main

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestASeatIsHeldWithAServiceCredential(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(file, []byte("license_credential_x\n"), 0o600))
	for name, value := range map[string]string{"LICENSE_CREDENTIAL": "license_credential_x", "LICENSE_CREDENTIAL_FILE": file} {
		environment := s.environment()
		environment[name] = value
		_, _, err := license(t.Context(), environment, "", "acquire")
		require.ErrorContains(t, err, "a seat has one holder")
		delete(environment, "LICENSE_TOKEN")
		out, _, err := license(t.Context(), environment, "", "run", "--", "echo", "working")
		require.NoError(t, err, name)
		assert.Equal(t, "working\n", out)
	}
}

func TestASecretInAFileThatWindowsPowerShellWroteIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(file, []byte("\xff\xfei\x00d\x00e\x00n\x00t\x00i\x00t\x00y\x00\r\x00\n\x00"), 0o600))
	environment := s.environment()
	delete(environment, "LICENSE_TOKEN")
	environment["LICENSE_CREDENTIAL_FILE"] = file
	_, _, err := license(t.Context(), environment, "", "status")
	assert.NoError(t, err)
}

func TestASecretInPlaceOfItsFilesNameIsNotSaid(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, option := range []string{"--token-file", "--credential-file"} {
		environment := s.environment()
		delete(environment, "LICENSE_TOKEN")
		_, said, err := license(t.Context(), environment, "", "status", option, "license_credential_x")
		require.ErrorContains(t, err, option)
		require.ErrorIs(t, err, os.ErrNotExist)
		assert.NotContains(t, err.Error()+said, "license_credential_x")
	}
}

func TestACredentialIsReplacedInItsFileWhileASeatIsHeld(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(file, []byte("license_credential_x\n"), 0o600))
	environment := s.environment()
	delete(environment, "LICENSE_TOKEN")
	environment["LICENSE_CREDENTIAL_FILE"] = file
	h := s.holdSeat(t, environment)
	await.True(t, h.started)
	s.mu.Lock()
	s.bearer = "license_credential_y"
	s.mu.Unlock()
	require.NoError(t, os.WriteFile(file, []byte("license_credential_y\n"), 0o600))
	before := len(s.called())
	await.True(t, func() bool { return len(s.called()) > before+1 })
	h.end(t)
	assert.NotContains(t, h.out.String(), "lost")
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

// Images of virtual machines and of containers come with such files.
func TestMachinesThatHaveNoIDYetAreNotTakenForOneDevice(t *testing.T) {
	t.Parallel()
	for _, none := range []string{"", "\n", "uninitialized\n", strings.Repeat("0", 32) + "\n", "b08dfa6083e7567a1921a715000001f", "not a machine's id at all, 32 ch."} {
		_, err := deviceOf([]byte(none))
		assert.ErrorContains(t, err, "LICENSE_DEVICE", "%q", none)
	}
	name, err := deviceOf([]byte("b08dfa6083e7567a1921a715000001fb\n"))
	require.NoError(t, err)
	assert.Equal(t, "device-365d12cdd3f1207d3cbe41ee", name, "it stays, or a device that is updated would ask for another seat")
}

func TestAProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	over := httptest.NewTLSServer(s)
	t.Cleanup(over.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: over.Certificate().Raw}), 0o600))
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		tunnel(w, strings.TrimPrefix(over.URL, "https://"))
	}))
	t.Cleanup(proxy.Close)
	for name, test := range map[string]struct {
		server, none string
		asked        int64
	}{
		"a server behind it":          {"https://example.com", "elsewhere.example", 1},
		"a server that is left out":   {"https://nowhere.invalid", "other.example,.invalid", 0},
		"this machine needs no proxy": {over.URL, "", 0},
	} {
		asked.Store(0)
		command := exec.CommandContext(t.Context(), os.Args[0], "status")
		command.Env = []string{
			"TEST_OF_LICENSE=main", "HTTPS_PROXY=" + proxy.URL, "NO_PROXY=" + test.none, "LICENSE_CA=" + ca, "LICENSE_SERVER=" + test.server,
			"LICENSE_ID=demo", "LICENSE_PRODUCT=ide", "LICENSE_DEVICE=device-1", "LICENSE_TOKEN=identity",
		}
		said, err := command.CombinedOutput()
		assert.Equal(t, test.server == "https://nowhere.invalid", err != nil, "%s: %s", name, said)
		assert.Equal(t, test.asked, asked.Load(), name)
	}
}

// tunnel connects the client of a proxy with a server until one of them closes.
func tunnel(w http.ResponseWriter, address string) {
	out, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = in.Close() }()
	_, _ = in.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	go func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
}
