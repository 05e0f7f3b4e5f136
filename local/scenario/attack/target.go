package attack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// Target is a running local stack.
type Target struct {
	// Edge is the load balancer, Roots verify everything.
	Edge  netip.AddrPort
	Roots *x509.CertPool
	// LicenseHost and IDEHost are names that the load balancer serves.
	LicenseHost, IDEHost string
	// Tenant and License are the demo tenant's; Rival is another tenant's name,
	// RivalLicense its licence.
	Tenant, License, Rival, RivalLicense string
	// Token mints an identity token of the local issuer.
	Token func(ctx context.Context, who Identity) (string, error)
	// KeysURL serves the issuer's public keys.
	KeysURL string
	// Requests returns what the load balancer logged with this trace id.
	Requests func(ctx context.Context, traceID string) ([]requestlog.Passage, error)
	// SQL, Redis and KMS are addresses (host:port) inside the private network.
	SQL, Redis, KMS string
	// KeyVersion is the full name of the version that signs the API's tokens.
	KeyVersion string
	// SQLRoots verify the database's certificate. SQLAdmin is the Cloud SQL Admin API.
	SQLRoots *x509.CertPool
	SQLAdmin string
	// API and IDE are a pod of each; Control is the cluster's control plane.
	API, IDE Pod
	Control  netip.AddrPort
	// Metadata is where the metadata server listens on this machine.
	Metadata netip.AddrPort
	// Account is the email of the API's Google service account.
	Account string
	// Inside attempts something from the pod at an address; an invalid one means a
	// pod of a foreign namespace. It is nil where pods have no network of their own.
	Inside func(ctx context.Context, from netip.Addr, to netip.AddrPort, words string) (dataplane.Outcome, error)
	// Intrude does something as if it were the program of the pod at an address. It is
	// nil where pods have no file system of their own.
	Intrude func(ctx context.Context, pod netip.Addr, move sandbox.Move) (sandbox.Result, error)
	// Dir is the embedded cloud's folder, Daemon its process, Commands where it takes commands.
	Dir      string
	Daemon   int
	Commands string

	mu     sync.Mutex // guards what follows
	client *http.Client
	next   uint32 // the next client address, 0 before the first
}

// Pod is a pod of the cluster.
type Pod struct {
	IP netip.Addr
	// HTTP takes requests, Metrics is scraped.
	HTTP, Metrics uint16
}

// Identity says whom a token is for.
type Identity struct {
	Project, Tenant, User, Role string
	TTL                         time.Duration
}

// address returns a client address that no other attempt uses: the rate limit of one
// attack must not stop another. They come from the range for benchmarks, RFC 2544.
func (t *Target) address() netip.Addr {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == 0 {
		t.next = firstAddress(time.Now())
	}
	t.next++
	return netip.AddrFrom4([4]byte{198, 18 + byte(t.next>>16)&1, byte(t.next >> 8), byte(t.next)})
}

// firstAddress is where a run begins. What one run sent counts against its addresses for a
// minute, so that the next run takes others: a second moves a run on by a thousand, of the
// 131,072 that there are, and a run takes some 3,500.
func firstAddress(now time.Time) uint32 { return uint32(now.UnixMilli()) }

// answerTimeout bounds the wait for one answer of a server of this machine, which may be
// busy: the attempt's own time ends sooner or later.
const answerTimeout = 20 * time.Second

// http reaches every host through the load balancer.
func (t *Target) http() *http.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client == nil {
		dialer := &net.Dialer{Timeout: answerTimeout}
		t.client = &http.Client{
			Timeout: answerTimeout,
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12},
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return dialer.DialContext(ctx, network, t.Edge.String())
				},
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return t.client
}

// direct reaches services that are not behind the load balancer. Each call has a
// connection of its own.
func (t *Target) direct() *http.Client {
	return &http.Client{Timeout: answerTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
}

// Close ends idle connections.
func (t *Target) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client != nil {
		t.client.CloseIdleConnections()
	}
}

// token mints one that the API takes: of the demo tenant and a user of its own.
func (t *Target) token(ctx context.Context, who Identity) (string, error) {
	token, err := t.Token(ctx, who)
	if err != nil {
		return "", fmt.Errorf("get a token: %w", err)
	}
	return token, nil
}
