package load_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/scenario/load"
)

// edge remembers what it was asked.
type edge struct {
	mu      sync.Mutex
	asked   map[string]int // method, path, kind of token
	clients map[string]int
	held    map[string]bool // devices with a seat
	seats   int
	key     *rsa.PrivateKey
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/.well-known/jwks.json" {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: e.key.Public(), KeyID: "key.1", Algorithm: "RS512", Use: "sig"}}})
	}
	who, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	path := r.URL.Path
	if lease, is := strings.CutPrefix(path, "/v1/leases/"); is {
		device, _, _ := strings.Cut(lease, "/")
		delete(e.held, device)
		path = "/v1/leases/ID/release"
	}
	e.asked[r.Method+" "+path+" "+who]++
	e.clients[r.Header.Get(loadbalancer.ClientHeader)]++
	if strings.HasSuffix(path, "/release") {
		w.WriteHeader(http.StatusNoContent)
	}
	if !strings.HasSuffix(path, "/acquire") {
		return
	}
	if who != "user" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	device := strings.Split(string(body), `"`)[3]
	if !e.held[device] && len(e.held) == e.seats {
		w.WriteHeader(http.StatusConflict)
		return
	}
	e.held[device] = true
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"leaseId":%q,"token":%q}`, device, e.token(device))
}

// token is one that the client of app/client takes for a good one.
func (e *edge) token(device string) string {
	now := time.Now().Unix()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: e.key, KeyID: "key.1"}}, nil)
	if err != nil {
		return ""
	}
	signed, err := signer.Sign(fmt.Appendf(nil, `{"sub":"small","aud":"ide","lease":%q,"fingerprint":%[1]q,"kind":"floating","iat":%d,"nbf":%[2]d,"exp":%d}`, device, now, now+300))
	if err != nil {
		return ""
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return ""
	}
	return token
}

func TestEachKindOfClientsDoesWhatItIsFor(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	const acquire = "POST /v1/licenses/small/acquire "
	for kind, want := range map[load.Kind]string{
		load.Customers: acquire + "user", load.Readers: "GET /v1/audit admin", load.Forgers: acquire + "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ",
		load.Scanners: "GET /health ", load.Crowd: "GET /.well-known/jwks.json ", load.Devices: acquire + "user",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			e := &edge{asked: map[string]int{}, clients: map[string]int{}, held: map[string]bool{}, seats: 2, key: key}
			server := httptest.NewTLSServer(e)
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			target := load.Target{
				Edge: netip.MustParseAddrPort(server.Listener.Addr().String()), Roots: roots, Host: "example.com", License: "small", Product: "ide",
				Token: func(admin bool) (string, error) { return map[bool]string{true: "admin.", false: "user."}[admin], nil },
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- load.Run(ctx, t.Context(), target, kind) }()
			requests := func() int {
				e.mu.Lock()
				defer e.mu.Unlock()
				return e.asked[want]
			}
			await.True(t, func() bool { return requests() >= 12 }, "%s", kind)
			stop()
			require.NoError(t, await.Receive(t, ended))
			e.mu.Lock()
			defer e.mu.Unlock()
			assert.Empty(t, e.held, "every seat is given back")
			assert.Greater(t, len(e.clients), 10, "each request comes from an address of its own")
			for client, times := range e.clients {
				assert.Equal(t, 1, times, client)
			}
		})
	}
	require.Error(t, load.Run(t.Context(), t.Context(), load.Target{}, "nobody"))
}
