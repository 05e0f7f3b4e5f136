package apptest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Scopes that the service's access tokens have.
const (
	// ScopeAdmin lets a token call the Cloud SQL Admin API.
	ScopeAdmin = "https://www.googleapis.com/auth/sqlservice.admin"
	// ScopeLogin lets a token log in to a database, and do nothing else.
	ScopeLogin = "https://www.googleapis.com/auth/sqlservice.login"
	// ScopePlatform lets a token call any API of Google Cloud.
	ScopePlatform = "https://www.googleapis.com/auth/cloud-platform"
)

// tokenPrefix begins every access token.
const tokenPrefix = "ya29.token-"

// metadata stands in for the metadata server of a pod with Workload Identity
// (cloud.google.com/compute/docs/access/authenticate-workloads#applications): it issues
// access tokens and remembers their scopes.
type metadata struct {
	host string

	mu     sync.Mutex
	scopes map[string]string
}

func startMetadata(tb testing.TB) *metadata {
	tb.Helper()
	m, stop := newMetadata()
	tb.Cleanup(stop)
	return m
}

func newMetadata() (m *metadata, stop func()) {
	m = &metadata{scopes: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /computeMetadata/v1/instance/service-accounts/default/token", m.token)
	mux.HandleFunc("GET /computeMetadata/v1/universe/universe-domain", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("googleapis.com"))
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Request and answer both have a header for the metadata server, so that no web page
		// can call it.
		if r.Header.Get("Metadata-Flavor") != "Google" {
			http.Error(w, "Metadata-Flavor: Google is missing", http.StatusForbidden)
			return
		}
		w.Header().Set("Metadata-Flavor", "Google")
		mux.ServeHTTP(w, r)
	}))
	m.host = strings.TrimPrefix(server.URL, "http://")
	return m, server.Close
}

func (m *metadata) token(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	token := tokenPrefix + strconv.Itoa(len(m.scopes)+1)
	m.scopes[token] = r.URL.Query().Get("scopes")
	m.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
}

// allows reports whether the token was issued for the scope.
func (m *metadata) allows(token, scope string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for granted := range strings.SplitSeq(m.scopes[token], ",") {
		if granted == scope {
			return true
		}
	}
	return false
}

// authorized reports whether an Authorization header carries a token for the scope.
func (m *metadata) authorized(header, scope string) bool {
	token, ok := strings.CutPrefix(header, "Bearer ")
	return ok && m.allows(token, scope)
}
