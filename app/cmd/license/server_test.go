package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

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

var signing = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

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
		"XDG_RUNTIME_DIR": s.session, "TMPDIR": s.session,
	}
}
