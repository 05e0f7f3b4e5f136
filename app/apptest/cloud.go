package apptest

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Cloud is Google Cloud as a pod sees it: no API address is configured, the metadata
// server gives the access tokens, and nothing else can be reached.
type Cloud struct {
	SQL *CloudSQL

	environment map[string]string
	routes      map[string]string

	mu      sync.Mutex
	refused []string
	asked   map[string]bool // hosts that were reached
	tunnels sync.WaitGroup
}

// StartCloud puts the stand-ins behind Google's own names. From now on, KMS and Secret
// Manager answer only callers with an access token of this cloud.
func StartCloud(tb testing.TB, postgres *Postgres, google *Google) *Cloud {
	tb.Helper()
	metadata := startMetadata(tb)
	google.metadata.Store(metadata)
	c := &Cloud{SQL: startCloudSQL(tb, postgres, metadata)}
	admin := httptest.NewUnstartedServer(c.SQL)
	admin.TLS = &tls.Config{Certificates: []tls.Certificate{google.authority.pair}, MinVersion: tls.VersionTLS12}
	admin.StartTLS()
	tb.Cleanup(admin.Close)
	c.routes = map[string]string{
		"cloudkms.googleapis.com:443": google.Endpoint, "secretmanager.googleapis.com:443": google.Endpoint,
		"sqladmin.googleapis.com:443": admin.Listener.Addr().String(), "www.googleapis.com:443": google.keys,
	}
	proxy := httptest.NewServer(http.HandlerFunc(c.connect))
	tb.Cleanup(func() {
		proxy.Close()
		c.tunnels.Wait()
	})
	// The process is on Google Cloud because it is told of a metadata server; it finds
	// Google's names through the proxy, and believes their certificates. HOME is one
	// without the developer's own credentials.
	c.environment = map[string]string{
		metadataHost: metadata.host, "HTTPS_PROXY": proxy.URL, "SSL_CERT_FILE": google.authority.certFile, "HOME": tb.TempDir(),
	}
	return c
}

// Environment is what a process needs to be in this cloud.
func (c *Cloud) Environment() map[string]string { return c.environment }

// Asked lists the hosts that somebody reached since the last call, sorted.
func (c *Cloud) Asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	hosts := slices.Sorted(maps.Keys(c.asked))
	c.asked = nil
	return hosts
}

// Refused lists the addresses that somebody wanted and that are not there.
func (c *Cloud) Refused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.refused)
}

// connect tunnels to a stand-in.
func (c *Cloud) connect(w http.ResponseWriter, r *http.Request) {
	target, known := c.routes[r.Host]
	if r.Method != http.MethodConnect || !known {
		c.mu.Lock()
		c.refused = append(c.refused, r.Method+" "+r.Host)
		c.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	c.mu.Lock()
	if c.asked == nil {
		c.asked = map[string]bool{}
	}
	c.asked[host] = true
	c.mu.Unlock()
	upstream, err := net.Dial("tcp", target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		upstream.Close()
		return
	}
	// An answer to CONNECT has no body, which net/http would announce.
	_, _ = client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	for _, pair := range [][2]net.Conn{{upstream, client}, {client, upstream}} {
		c.tunnels.Go(func() {
			// A tunnel ends when either side does.
			_, _ = io.Copy(pair[0], pair[1])
			pair[0].Close()
		})
	}
}

// authorize refuses calls without an access token. In a cloud of one's own it has to be
// one for all of Google Cloud that the cloud's metadata server gave.
func (g *Google) authorize(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	headers, _ := grpcmetadata.FromIncomingContext(ctx)
	header := strings.Join(headers.Get("authorization"), "")
	metadata := g.metadata.Load()
	if !strings.HasPrefix(header, "Bearer "+tokenPrefix) || metadata != nil && !metadata.authorized(header, ScopePlatform) {
		return nil, status.Error(codes.Unauthenticated, "no access token for cloud-platform")
	}
	return handle(ctx, request)
}
