package loadbalancer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/certificate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	licenses = "licenses.coditect.ai"
	ide      = "api.coditect.ai"
)

// door is a load balancer under test with a client that trusts it.
type door struct {
	*loadbalancer.LoadBalancer
	client *http.Client
	roots  *x509.CertPool
	stop   context.CancelFunc
	t      *testing.T
}

func open(t *testing.T, change ...func(*loadbalancer.Options)) *door {
	t.Helper()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	options := loadbalancer.Options{
		Address: netip.MustParseAddrPort("127.0.0.1:0"), Issue: authority.Issue, Project: "local-project",
		DefaultClient: loadbalancer.Client{Region: "US"}, Grace: 5 * time.Second,
		LogFile: filepath.Join(t.TempDir(), "logs", "requests.jsonl"),
	}
	for _, c := range change {
		c(&options)
	}
	f, err := loadbalancer.New(options)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(ctx) }()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, f.Address().String())
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		assert.NoError(t, await.Receive(t, ended))
	})
	return &door{LoadBalancer: f, roots: authority.Pool(), stop: stop, t: t, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is a response, read to its end.
type reply struct {
	status int
	body   string
	header http.Header
}

// do sends a request; headers are "Name: value" lines.
func (d *door) do(method, url, body string, headers ...string) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, string(content), response.Header}, err
}

func (d *door) get(url string, headers ...string) reply {
	d.t.Helper()
	got, err := d.do(http.MethodGet, url, "", headers...)
	require.NoError(d.t, err)
	return got
}

// pod is a backend server that is well and can be told not to be.
type pod struct {
	address netip.AddrPort
	mu      sync.Mutex
	sick    bool
	seen    []*http.Request
}

func startPod(t *testing.T, handler http.HandlerFunc) *pod {
	t.Helper()
	p := &pod{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		sick := p.sick
		if r.UserAgent() != "GoogleHC/1.0" {
			p.seen = append(p.seen, r)
		}
		p.mu.Unlock()
		switch {
		case r.UserAgent() != "GoogleHC/1.0":
			handler(w, r)
		case sick || r.URL.Path != "/health":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	p.address = netip.MustParseAddrPort(server.Listener.Addr().String())
	return p
}

func (p *pod) setSick(sick bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sick = sick
}

func (p *pod) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// untilWell checks an endpoint until it is well, and then not again while a test lasts; a
// check may take as long as it takes.
func untilWell() loadbalancer.HealthCheck {
	return loadbalancer.HealthCheck{Path: "/health", Interval: 10 * await.Limit, Timeout: 2 * await.Limit}
}

// serving is a configuration with one host and one backend.
func serving(pods ...*pod) loadbalancer.Config {
	b := loadbalancer.Backend{Name: "license-api", HealthCheck: untilWell(), Timeout: 2 * await.Limit}
	for _, p := range pods {
		b.Endpoints = append(b.Endpoints, p.address)
	}
	return loadbalancer.Config{
		Name:         "coditect-app/unified",
		Address:      netip.MustParseAddr("198.51.100.7"),
		Certificates: []loadbalancer.Certificate{{Name: "licenses", Domains: []string{licenses}}, {Name: "ide", Domains: []string{ide}}},
		TLS:          loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"},
		Hosts:        []loadbalancer.Host{{Host: licenses, Paths: []loadbalancer.Path{{Pattern: "/*", Backend: b.Name}}}},
		Backends:     []loadbalancer.Backend{b},
	}
}

// guardFunc is a function as a guard.
type guardFunc func(loadbalancer.Inspection) loadbalancer.Verdict

func (g guardFunc) Evaluate(_ context.Context, i loadbalancer.Inspection) loadbalancer.Verdict {
	return g(i)
}
