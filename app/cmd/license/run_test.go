package main

import (
	"context"
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
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// holding is a `license run` under way, whose command runs until it is told to end.
type holding struct {
	ended   chan error
	folder  string
	signals chan os.Signal
	out     *text
}

// holdSeat runs a command that says what signals it gets, and waits until it runs.
func (s *server) holdSeat(t *testing.T, environment map[string]string) *holding {
	t.Helper()
	h := &holding{ended: make(chan error, 1), folder: t.TempDir(), signals: make(chan os.Signal, 1), out: &text{}}
	go func() {
		h.ended <- run(t.Context(), []string{"run", "--", "sh", "-c", `trap "echo hangup" HUP; touch "$0/started"; until [ -e "$0/end" ]; do sleep 0.02; done; exit 3`, h.folder}, world{
			env: func(name string) string { return environment[name] }, in: strings.NewReader(""), out: h.out, err: h.out,
			signals: func() (<-chan os.Signal, func()) { return h.signals, func() {} },
		})
	}()
	return h
}

func (h *holding) started() bool {
	_, err := os.Stat(filepath.Join(h.folder, "started"))
	return err == nil
}

func (h *holding) end(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.folder, "end"), nil, 0o600))
	assert.Equal(t, exitError(3), await.Receive(t, h.ended))
}

func TestTheCommandGetsTheSignalsThatAreNotForTheProgram(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.holdSeat(t, s.environment())
	await.True(t, h.started)
	h.signals <- syscall.SIGHUP
	await.True(t, func() bool { return strings.Contains(h.out.String(), "hangup") })
	assert.NotContains(t, s.called(), "release", "the command goes on, and so does its seat")
	h.end(t)
	assert.Contains(t, s.called(), "release")
}

func TestASignalEndsTheWaitForASeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.url = "http://127.0.0.1:1" // nobody answers
	h := s.holdSeat(t, s.environment())
	h.signals <- syscall.SIGHUP
	assert.ErrorIs(t, await.Receive(t, h.ended), context.Canceled)
	assert.False(t, h.started())
}

func TestTheLastOfTheCommandsOnADeviceGivesItsSeatBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.holdSeat(t, s.environment())
	await.True(t, first.started)
	second := s.holdSeat(t, s.environment())
	await.True(t, second.started)
	first.end(t)
	assert.NotContains(t, s.called(), "release", "the second one works on with it")

	releasing, goOn := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	s.releasing = func() { close(releasing); await.Receive(t, goOn) }
	s.mu.Unlock()
	require.NoError(t, os.WriteFile(filepath.Join(second.folder, "end"), nil, 0o600))
	await.Receive(t, releasing)
	before := len(s.called())
	third := s.holdSeat(t, s.environment())
	time.Sleep(5 * turn)
	assert.Len(t, s.called(), before, "who comes meanwhile waits, or would lose the seat at once")
	s.mu.Lock()
	s.releasing = nil
	s.mu.Unlock()
	close(goOn)
	assert.Equal(t, exitError(3), await.Receive(t, second.ended))
	await.True(t, third.started)
	third.end(t)
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

func TestWithoutAFolderOfTheUsersOwnEachCommandReleases(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	open := filepath.Join(t.TempDir(), "license")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	for _, session := range []string{"/no/such/folder", filepath.Dir(open)} {
		environment := s.environment()
		environment["XDG_RUNTIME_DIR"] = session
		_, _, err := license(t.Context(), environment, "", "run", "--", "true")
		require.NoError(t, err)
		assert.Equal(t, "release", s.called()[len(s.called())-1])
	}
	files, err := os.ReadDir(open)
	require.NoError(t, err)
	assert.Empty(t, files, "others could write there")
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
