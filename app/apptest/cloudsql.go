package apptest

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
)

// CloudSQL stands in for a Cloud SQL instance with a private address: the two calls of
// the Admin API that Google's connectors make
// (cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/connect), and the proxy
// at port 3307 that every instance has, in front of a real PostgreSQL.
type CloudSQL struct {
	// Instance is project:region:instance.
	Instance string
	// Impostor makes the proxy show the certificate of an instance of somebody else's,
	// Sibling that of another instance of the same authority.
	Impostor, Sibling atomic.Bool
	// Fail makes the Admin API answer with this HTTP status, for example 403 as it does
	// without roles/cloudsql.client; Hang makes it not answer.
	Fail atomic.Int32
	Hang atomic.Bool
	// Stranger makes the instance refuse logins by IAM, as it does without
	// roles/cloudsql.instanceUser.
	Stranger atomic.Bool
	// Lifetime is how long clients' certificates are valid, in nanoseconds; 0 means an
	// hour.
	Lifetime atomic.Int64

	postgres   *Postgres
	metadata   *metadata
	address    string
	server     authority
	impostor   authority
	sibling    tls.Certificate
	clients    authority
	proxy      net.Listener
	relays     sync.WaitGroup
	open       sync.Map
	mu         sync.Mutex
	logins     []Login
	loginToken map[int64]string
}

// Login is a connection that the instance accepted.
type Login struct {
	User string
	// IAM is true when the client's certificate was made for an access token that may
	// log in. Such a client is asked for no password.
	IAM bool
}

func startCloudSQL(tb testing.TB, postgres *Postgres, metadata *metadata) *CloudSQL {
	tb.Helper()
	s := &CloudSQL{
		Instance: Project + ":us-central1:licensing", postgres: postgres, metadata: metadata, loginToken: map[int64]string{},
		// Without a DNS name, the subject says whose certificate it is.
		server:   newNamedAuthority(tb, tb.TempDir(), Project+":licensing"),
		impostor: newNamedAuthority(tb, tb.TempDir(), Project+":another"),
		clients:  newNamedAuthority(tb, tb.TempDir(), "Google Cloud SQL Client CA"),
	}
	s.sibling = s.server.issue(tb, Project+":another")
	trusted := x509.NewCertPool()
	trusted.AddCert(s.clients.certificate)
	// The connector knows one port only, so every instance has an address of its own.
	s.address = port.Host(tb).String()
	var err error
	s.proxy, err = net.Listen("tcp", s.address+":3307")
	require.NoError(tb, err)
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			switch {
			case s.Impostor.Load():
				return &s.impostor.pair, nil
			case s.Sibling.Load():
				return &s.sibling, nil
			default:
				return &s.server.pair, nil
			}
		},
	}
	s.relays.Go(func() { s.accept(config) })
	tb.Cleanup(s.stop)
	return s
}

// Logins returns the accepted logins, in order.
func (s *CloudSQL) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Login(nil), s.logins...)
}

// ServeHTTP implements the Admin API.
func (s *CloudSQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Hang.Load() {
		_, _ = io.Copy(io.Discard, r.Body) // who leaves is noticed only after that
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if status := s.Fail.Load(); status != 0 && status != http.StatusForbidden {
		w.WriteHeader(int(status))
		_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":"An internal error occurred."}}`, status)
		return
	}
	if s.Fail.Load() != 0 || !s.metadata.authorized(r.Header.Get("Authorization"), ScopeAdmin) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":{"code":403,"message":"The client is not authorized to make this request."}}`))
		return
	}
	name := "/sql/v1beta4/projects/" + Project + "/instances/licensing"
	switch r.Method + " " + r.URL.Path {
	case "GET " + name + "/connectSettings":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"kind": "sql#connectSettings", "backendType": "SECOND_GEN", "databaseVersion": "POSTGRES_16", "region": "us-central1",
			"ipAddresses": []map[string]string{{"type": "PRIVATE", "ipAddress": s.address}}, "serverCaCert": map[string]string{"cert": s.server.CA},
		})
	case "POST " + name + ":generateEphemeralCert":
		s.generate(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// generate makes a certificate for the client's key, and notes the token it came with.
func (s *CloudSQL) generate(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Key   string `json:"public_key"`
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	block, _ := pem.Decode([]byte(wanted.Key))
	if block == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	serial := int64(len(s.loginToken) + 1)
	s.loginToken[serial] = wanted.Token
	s.mu.Unlock()
	lifetime := time.Duration(s.Lifetime.Load())
	certificate, err := s.clients.certify(key, serial, cmp.Or(lifetime, time.Hour))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ephemeralCert": map[string]string{"cert": certificate}})
}

// mayLogIn reports whether the certificate was made for a token that may log in.
func (s *CloudSQL) mayLogIn(certificate *x509.Certificate) bool {
	s.mu.Lock()
	token := s.loginToken[certificate.SerialNumber.Int64()]
	s.mu.Unlock()
	return !s.Stranger.Load() && s.metadata.allows(token, ScopeLogin)
}

// Certificates counts those that clients were given.
func (s *CloudSQL) Certificates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.loginToken)
}

// isIAM reports whether a role logs in by IAM: it is named like its service account,
// without .gserviceaccount.com.
func isIAM(role string) bool { return strings.HasSuffix(role, ".iam") }
