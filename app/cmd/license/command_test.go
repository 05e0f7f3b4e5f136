package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_OF_LICENSE") == "main" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

var signing = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// text is an output that several goroutines write.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(content []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(content)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// server is a licence server with one free seat.
type server struct {
	url string
	// session is the folder of the user's session.
	session string

	mu        sync.Mutex
	bearer    string
	releasing func()
	calls     []string
	refuse    string
	heartbeat string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{session: t.TempDir(), bearer: "license_credential_x"}
	over := httptest.NewServer(s)
	t.Cleanup(over.Close)
	s.url = over.URL
	return s
}

func (s *server) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	s.mu.Lock()
	s.calls = append(s.calls, operation)
	refuse, bearer, releasing := s.refuse, s.bearer, s.releasing
	if operation == "heartbeat" {
		refuse = s.heartbeat
	}
	s.mu.Unlock()
	key, err := signing()
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case operation == "jwks.json":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "key.1", Algorithm: "RS512", Use: "sig"}}})
	case r.Header.Get("Authorization") != "Bearer identity" && r.Header.Get("Authorization") != "Bearer "+bearer:
		problem(w, http.StatusUnauthorized, "invalid_token")
	case refuse != "" && operation != "release":
		problem(w, http.StatusForbidden, refuse)
	case operation == "acquire", operation == "borrow":
		grant(w, r, key, operation)
	case operation == "release":
		if releasing != nil {
			releasing()
		}
		w.WriteHeader(http.StatusNoContent)
	case operation == "heartbeat":
		_ = json.NewEncoder(w).Encode(map[string]any{"leaseId": "demo_1", "expiresAt": time.Now().Add(time.Hour), "heartbeatSeconds": 1})
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "demo", "seats": 5, "seatsInUse": 2})
	}
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "detail": "words"})
}

func grant(w http.ResponseWriter, r *http.Request, key *rsa.PrivateKey, operation string) {
	var body struct{ Fingerprint string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	now := time.Now()
	kind := map[string]string{"acquire": "floating", "borrow": "borrowed"}[operation]
	payload, _ := json.Marshal(map[string]any{
		"sub": "demo", "aud": "ide", "lease": "demo_1", "fingerprint": body.Fingerprint, "kind": kind,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(), "features": []string{"export"}, "inGrace": true,
	})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: key, KeyID: "key.1"}}, nil)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, _ := signed.CompactSerialize()
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"leaseId": "demo_1", "token": token, "heartbeatSeconds": 1,
		"file": "-----BEGIN LICENSE FILE-----\n" + token + "\n-----END LICENSE FILE-----",
	})
}

// environment is the settings of a user of the server.
func (s *server) environment() map[string]string {
	return map[string]string{
		"LICENSE_SERVER": s.url, "LICENSE_ID": "demo", "LICENSE_PRODUCT": "ide", "LICENSE_DEVICE": "device-1", "LICENSE_TOKEN": "identity",
		"XDG_RUNTIME_DIR": s.session,
	}
}

// license runs the program.
func license(ctx context.Context, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	return licenseUntil(ctx, nil, environment, in, arguments...)
}

// licenseUntil is license with a second interrupt, when again is closed.
func licenseUntil(ctx context.Context, again <-chan struct{}, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	stdout, stderr := &text{}, &text{}
	err = run(ctx, arguments, world{env: func(name string) string { return environment[name] }, in: strings.NewReader(in), out: stdout, err: stderr, again: again})
	return stdout.String(), stderr.String(), err
}

func TestASeatIsHeldWhileACommandRuns(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, _, err := license(t.Context(), s.environment(), "", "run", "--", "echo", "working")
	require.NoError(t, err)
	assert.Equal(t, "working\n", out)
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, s.called())
}

func TestRunEndsAsItsCommandDoesAndReleasesTheSeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, _, err := license(t.Context(), s.environment(), "", "run", "--", "sh", "-c", "exit 7")
	assert.Equal(t, exitError(7), err)
	assert.Contains(t, s.called(), "release")
	out, _, err := license(t.Context(), s.environment(), "in\n", "run", "--", "cat")
	require.NoError(t, err)
	assert.Equal(t, "in\n", out, "the command reads what the program is given")

	before := len(s.called())
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	for command, want := range map[string]exitError{filepath.Join(folder, "none"): 127, "no-such-command": 127, plain: 126, folder: 126} {
		_, _, err = license(t.Context(), s.environment(), "", "run", "--", command)
		require.ErrorContains(t, err, "cannot run the command")
		var code exitError
		require.ErrorAs(t, err, &code)
		assert.Equal(t, want, code, command)
	}
	assert.Len(t, s.called(), before, "no seat is taken for it")
}

func TestAnInterruptEndsTheCommandAndReleasesTheSeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	started := filepath.Join(t.TempDir(), "started")
	ended := make(chan error, 1)
	go func() {
		_, _, err := license(ctx, s.environment(), "", "run", "--", "sh", "-c", `touch "$0"; exec sleep 600`, started)
		ended <- err
	}()
	await.True(t, func() bool { _, err := os.Stat(started); return err == nil })
	interrupt()
	select {
	case err := <-ended:
		assert.Equal(t, exitError(128+15), err)
	case <-time.After(20 * time.Second):
		require.FailNow(t, "the command goes on")
	}
	assert.Contains(t, s.called(), "release")
}

func TestACommandThatDoesNotEndAtAnInterruptIsKilledAndTheSeatReleased(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		grace string
		twice bool
	}{
		"after its grace":         {"100ms", false},
		"at the second interrupt": {"1h", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			again := make(chan struct{})
			started := filepath.Join(t.TempDir(), "started")
			ended := make(chan error, 1)
			go func() {
				_, _, err := licenseUntil(ctx, again, s.environment(), "", "run", "--grace", test.grace, "--", "sh", "-c", `trap "" TERM; touch "$0"; while :; do sleep 0.05; done`, started)
				ended <- err
			}()
			require.Eventually(t, func() bool { _, err := os.Stat(started); return err == nil }, 20*time.Second, 10*time.Millisecond)
			interrupt()
			if test.twice {
				close(again)
			}
			select {
			case err := <-ended:
				assert.Equal(t, exitError(128+9), err)
			case <-time.After(20 * time.Second):
				require.FailNow(t, "the command goes on")
			}
			assert.Contains(t, s.called(), "release")
		})
	}
}

func TestTheProgramEndsTwoSecondsAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	assert.Less(t, patienceWithCommand+hastyRelease, 2*time.Second)
}

func TestASeatIsHeldWithAServiceCredential(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "credential")
	require.NoError(t, os.WriteFile(file, []byte("license_credential_x\n"), 0o600))
	for name, value := range map[string]string{"LICENSE_CREDENTIAL": "license_credential_x", "LICENSE_CREDENTIAL_FILE": file} {
		environment := s.environment()
		environment[name] = value
		_, _, err := license(t.Context(), environment, "", "acquire")
		require.ErrorContains(t, err, "who holds the seat")
		delete(environment, "LICENSE_TOKEN")
		out, _, err := license(t.Context(), environment, "", "run", "--", "echo", "working")
		require.NoError(t, err, name)
		assert.Equal(t, "working\n", out)
	}
}

func TestALostSeatIsSaidAndEndsTheCommandWhenAskedTo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.heartbeat = "license_revoked"
	_, said, err := license(t.Context(), s.environment(), "", "run", "--stop-when-lost", "--", "sleep", "600")
	assert.Equal(t, exitError(128+15), err)
	assert.Contains(t, said, "the seat is lost: license_revoked")
}

func TestACommandRunsOnlyWithTheFeaturesThatItNeeds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, said, err := license(t.Context(), s.environment(), "", "run", "--feature", "export", "--", "echo", "working")
	require.NoError(t, err)
	assert.Equal(t, "working\n", out)
	assert.Contains(t, said, "the licence's time is over")
	environment := s.environment()
	environment["LICENSE_FEATURES"] = "export,sso"
	out, _, err = license(t.Context(), environment, "", "run", "--", "echo", "working")
	require.ErrorIs(t, err, verify.ErrFeature)
	assert.Empty(t, out)
	assert.Equal(t, "release", s.called()[len(s.called())-1], "the seat of no use goes back")
	_, _, err = license(t.Context(), environment, "", "run", "--feature", "export", "--", "true")
	require.NoError(t, err, "options stand before the variable")
}

func TestNoCommandRunsWithoutASeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.refuse = "license_suspended"
	out, _, err := license(t.Context(), s.environment(), "", "run", "--", "echo", "working")
	assert.ErrorContains(t, err, "license_suspended")
	assert.Empty(t, out)
}

func TestABorrowedLicenceIsVerifiedOfflineAndGivenBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file, said, err := license(t.Context(), s.environment(), "", "borrow", "--for", "1h")
	require.NoError(t, err)
	assert.Contains(t, said, "license release demo_1")

	response, err := http.Get(s.url + "/.well-known/jwks.json")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var keys bytes.Buffer
	_, err = keys.ReadFrom(response.Body)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(path, keys.Bytes(), 0o600))
	http.DefaultClient.CloseIdleConnections()

	offline := map[string]string{"LICENSE_PRODUCT": "ide", "LICENSE_DEVICE": "device-1", "LICENSE_KEYS": path}
	before := len(s.called())
	out, _, err := license(t.Context(), offline, file, "verify")
	require.NoError(t, err)
	assert.Contains(t, out, `"borrowed": true`)
	assert.Len(t, s.called(), before, "nothing is asked for")
	offline["LICENSE_DEVICE"] = "device-2"
	_, _, err = license(t.Context(), offline, file, "verify")
	assert.ErrorContains(t, err, "another device")

	_, _, err = license(t.Context(), s.environment(), "", "release", "demo_1")
	require.NoError(t, err)
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

func TestAcquireAndStatusPrintJSON(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("identity\n"), 0o600))
	environment := s.environment()
	environment["LICENSE_TOKEN"], environment["LICENSE_TOKEN_FILE"] = "", file
	for name, want := range map[string]string{"acquire": "demo_1", "status": "demo"} {
		out, _, err := license(t.Context(), environment, "", name)
		require.NoError(t, err)
		var answer map[string]any
		require.NoError(t, json.Unmarshal([]byte(out), &answer))
		assert.Contains(t, out, `"`+want+`"`)
	}
}

func TestAMistakeIsSaidClearly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	without := func(name string) map[string]string {
		environment := s.environment()
		delete(environment, name)
		return environment
	}
	for want, test := range map[string]struct {
		environment map[string]string
		arguments   []string
	}{
		`"aquire" is not a command`:     {s.environment(), []string{"aquire"}},
		"--server or LICENSE_SERVER":    {without("LICENSE_SERVER"), []string{"acquire"}},
		"--token-file":                  {without("LICENSE_TOKEN"), []string{"status"}},
		"run needs a command":           {s.environment(), []string{"run"}},
		"--grace is 0s":                 {s.environment(), []string{"run", "--grace", "0s", "--", "true"}},
		"borrow needs --for":            {s.environment(), []string{"borrow"}},
		"release needs one lease":       {s.environment(), []string{"release"}},
		`"extra" is not understood`:     {s.environment(), []string{"acquire", "extra"}},
		"has to be HOST:PORT":           {s.environment(), []string{"acquire", "--connect", "nowhere"}},
		"not defined: -colour":          {s.environment(), []string{"acquire", "--colour"}},
		"no such file":                  {s.environment(), []string{"verify", "/no/such/file"}},
		"verify needs --keys":           {without("LICENSE_SERVER"), []string{"verify"}},
		"the file's first or last line": {s.environment(), []string{"verify"}},
	} {
		_, _, err := license(t.Context(), test.environment, "", test.arguments...)
		assert.ErrorContains(t, err, want)
	}
	out, _, err := license(t.Context(), nil, "", "--help")
	require.NoError(t, err)
	assert.Contains(t, out, "license run -- COMMAND")
	assert.Contains(t, out, "LICENSE_TOKEN_FILE")
}

func TestTheIdentityTokenIsNotHandedToTheCommand(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"HOME=/root", "LICENSE_ID=demo"}, withoutSecrets([]string{"HOME=/root", "LICENSE_TOKEN=secret", "LICENSE_CREDENTIAL=secret", "LICENSE_ID=demo"}))
}
