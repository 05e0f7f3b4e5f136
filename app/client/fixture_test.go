package client_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
)

// steps is a clock that the test runs: who sleeps is asked for how long, and wakes when the test
// says so.
type steps struct {
	mu  sync.Mutex
	now time.Time
	// set is how far the calendar was set from the time that runs on.
	set   time.Duration
	asked chan time.Duration
	woken chan struct{}
}

func (s *steps) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Calendar is what the device's calendar says.
func (s *steps) Calendar() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Add(s.set)
}

func (s *steps) setCalendar(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set += by
}

func (s *steps) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *steps) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case s.asked <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sleeping waits until the client sleeps, and returns for how long it wants to.
func (s *steps) sleeping(t testing.TB) time.Duration {
	t.Helper()
	return await.Receive(t, s.asked)
}

// wake lets d pass and wakes the sleeper.
func (s *steps) wake(t testing.TB, d time.Duration) {
	t.Helper()
	s.pass(d)
	select {
	case s.woken <- struct{}{}:
	case <-time.After(await.Limit):
		require.FailNow(t, "nobody sleeps")
	}
}

// signing is the server's key, made once: RSA keys take a while.
var signing = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

const (
	leaseTime = 60 * time.Second
	heartbeat = 20 * time.Second
)

// fixture is a licence server whose answers the test chooses, and the clock of the device.
type fixture struct {
	clock   *steps
	url     string
	changes chan client.Change
	random  float64
	keys    []byte

	mu sync.Mutex
	// skew is the server's clock minus the device's.
	skew time.Duration
	// answers replaces what an operation (acquire, heartbeat, release, borrow) answers.
	answers  map[string]http.HandlerFunc
	calls    []string
	leases   int
	kid      string
	device   string
	token    string
	features []string
	// old: the device has its lease already, and acquire extends it.
	old      bool
	dateless bool
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	w := &fixture{
		clock:   &steps{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), asked: make(chan time.Duration), woken: make(chan struct{})},
		changes: make(chan client.Change, 64), answers: map[string]http.HandlerFunc{}, kid: "key.1", device: "device-1", token: "identity-1",
	}
	_, err := signing() // takes longer than some tests wait for an answer
	require.NoError(t, err)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *fixture) config() client.Config {
	return client.Config{
		Server: w.url, License: "demo", Product: "coditect-ide", Fingerprint: "device-1", Clock: w.clock, Keys: w.keys,
		Random:   func() float64 { return w.random },
		Changed:  func(c client.Change) { w.changes <- c },
		Identity: func(context.Context) (string, error) { w.mu.Lock(); defer w.mu.Unlock(); return w.token, nil },
	}
}

// hold holds a seat; it is closed at the end of the test.
func (w *fixture) hold(t testing.TB, change func(*client.Config)) *client.Seat {
	t.Helper()
	config := w.config()
	if change != nil {
		change(&config)
	}
	seat, err := client.Hold(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() {
		w.answer("release", nil)
		ctx, cancel := context.WithTimeout(context.Background(), await.Limit)
		defer cancel()
		assert.NoError(t, seat.Close(ctx))
	})
	return seat
}

// answer sets what an operation answers; nil is a good server's.
func (w *fixture) answer(operation string, with http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[operation] = with
}

// called returns the operations since the last call.
func (w *fixture) called() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func (w *fixture) set(change func(*fixture)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *fixture) now() time.Time { return w.clock.Now().Add(w.skew) }

func (w *fixture) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	operation := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	w.mu.Lock()
	w.calls = append(w.calls, operation)
	with, now := w.answers[operation], w.now()
	if rw.Header().Set("Date", now.UTC().Format(http.TimeFormat)); w.dateless {
		rw.Header()["Date"] = nil
	}
	w.mu.Unlock()
	switch {
	case with != nil:
		with(rw, r)
	case operation == "jwks.json":
		rw.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = rw.Write(w.published())
	case operation == "acquire":
		w.grant(rw, "floating", now.Add(leaseTime))
	case operation == "borrow":
		var body struct{ DurationSeconds int }
		_ = json.NewDecoder(r.Body).Decode(&body)
		w.grant(rw, "borrowed", now.Add(time.Duration(body.DurationSeconds)*time.Second))
	case operation == "heartbeat":
		writeJSON(rw, map[string]any{"leaseId": leaseOf(r), "expiresAt": now.Add(leaseTime), "heartbeatSeconds": int(heartbeat.Seconds())})
	case operation == "release":
		rw.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(rw, map[string]any{"id": "demo", "seats": 5, "seatsInUse": 2, "status": "active"})
	}
}

// leaseOf is the lease that a request names.
func leaseOf(r *http.Request) string { return strings.Split(r.URL.Path, "/")[3] }

func writeJSON(rw http.ResponseWriter, body any) {
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(body)
}

func (w *fixture) published() []byte {
	key, err := signing()
	if err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: w.kid, Algorithm: "RS512", Use: "sig"}}})
	return set
}

func (w *fixture) grant(rw http.ResponseWriter, kind string, until time.Time) {
	w.mu.Lock()
	w.leases++
	lease, now, kid, device, features, old := "demo_"+strconv.Itoa(w.leases), w.now(), w.kid, w.device, w.features, w.old
	w.mu.Unlock()
	token := sign(kid, map[string]any{
		"sub": "demo", "aud": "coditect-ide", "lease": lease, "fingerprint": device, "seats": 5, "kind": kind,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": until.Unix(), "features": features,
	})
	file := "-----BEGIN LICENSE FILE-----\n" + token + "\n-----END LICENSE FILE-----\n"
	rw.Header().Set("Content-Type", "application/json")
	if !old {
		rw.WriteHeader(http.StatusCreated)
	}
	writeJSON(rw, map[string]any{"leaseId": lease, "token": token, "file": file, "heartbeatSeconds": int(heartbeat.Seconds()), "expiresAt": until})
}

func sign(kid string, claims map[string]any) string {
	key, err := signing()
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		panic(err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, _ := signed.CompactSerialize()
	return text
}

// forged changes the signature of a token.
func forged(token string) string {
	head, signature, _ := strings.Cut(token[strings.Index(token, ".")+1:], ".")
	raw, _ := base64.RawURLEncoding.DecodeString(signature)
	raw[0] ^= 1
	return token[:strings.Index(token, ".")+1] + head + "." + base64.RawURLEncoding.EncodeToString(raw)
}

// problem is a refusal of the API's.
func problem(status int, code string, header ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			rw.Header().Set(header[i], header[i+1])
		}
		rw.Header().Set("Content-Type", "application/problem+json")
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(map[string]any{"code": code, "status": status, "detail": "words", "requestId": "r-1"})
	}
}

// edge is an answer of the load balancer's.
func edge(status int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=UTF-8")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte("<!doctype html><title>Error</title>"))
	}
}

// broken closes the connection without an answer.
func broken(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hanging answers when the client has gone.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// change is the next change that the program was told.
func (w *fixture) change(t testing.TB) client.Change {
	t.Helper()
	return await.Receive(t, w.changes)
}

// quiet asserts that the program was told of no change.
func (w *fixture) quiet(t testing.TB) {
	t.Helper()
	assert.Empty(t, w.changes)
}
