package ingresscontroller_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/scenario/stub"
)

// memory is a listener without a network, on which a test's clock can wait.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

// local is a pipe's end with the address of this machine.
type local struct{ net.Conn }

func (local) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:40000"))
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.conns <- local{there}:
		return here, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return local{}.RemoteAddr() }

// serveInMemory serves the handler until the test ends.
func serveInMemory(t *testing.T, handler http.Handler) *memory {
	t.Helper()
	listener, server, ended := newMemory(), &http.Server{Handler: handler}, make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		await.Receive(t, ended)
	})
	return listener
}

// edge has the declared resources behind a real load balancer, with a clock of its own.
func edge(t *testing.T) *http.Client {
	t.Helper()
	hanging := http.NewServeMux()
	hanging.Handle("/ws", stub.NewAPI())
	hanging.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	hanging.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	license, ide := serveInMemory(t, hanging), serveInMemory(t, stub.NewAPI())
	pods := map[string]*memory{"10.0.0.1:8000": license, "10.0.0.3:8080": ide}
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	door, err := loadbalancer.New(loadbalancer.Options{
		Address: netip.MustParseAddrPort("127.0.0.1:0"), Issue: authority.Issue, DefaultClient: loadbalancer.Client{Region: "US"},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return pods[address].dial(ctx, network, address)
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, door.Serve(over), "it serves no network, and only lets go")
	})
	w := newFixture(t)
	w.adoptIDE()
	status := ingresscontroller.New(ingresscontroller.Options{Store: w.store, Pods: w, LoadBalancer: door, Armor: remembers}).Sync()
	require.Empty(t, status.Problems)
	entry := serveInMemory(t, door)
	client := &http.Client{Transport: &http.Transport{DialContext: entry.dial}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// adoptIDE takes the BackendConfig that the embedded cloud's IDE has.
func (w *fixture) adoptIDE() {
	w.t.Helper()
	there := store.New()
	require.NoError(w.t, cloudide.Declare(there, gcp.Addresses{Edge: netip.MustParseAddr("127.0.0.1"), TheirPrivateServices: netip.MustParsePrefix("127.77.32.0/20")}, "CA"))
	own, exists := there.Get(split(ideConfig), cloudide.Namespace+"/"+cloudide.Backend)
	require.True(w.t, exists)
	config, err := yaml.Marshal(map[string]any{"metadata": map[string]any{"name": "ide", "namespace": cloudide.Namespace}, "spec": own.Inputs["spec"]})
	require.NoError(w.t, err)
	w.declare(ideConfig, string(config))
}

func TestARequestOfTheLicenseAPIIsCutAfterTheThirtySecondsDeclared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, began := edge(t), time.Now()
		response, err := client.Get("http://licenses.coditect.ai/slow")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, response.Body)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusBadGateway, response.StatusCode)
		assert.Equal(t, 30*time.Second, time.Since(began).Round(time.Second))
	})
}

// The IDE's BackendConfig says 86400 seconds, the license API's 30.
func TestAWebSocketLivesForTheTimeoutOfItsOwnBackend(t *testing.T) {
	t.Parallel()
	for host, lives := range map[string]time.Duration{"licenses.coditect.ai": 30 * time.Second, "api.coditect.ai": 24 * time.Hour} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, began := edge(t), time.Now()
				c, _, err := websocket.Dial(t.Context(), "ws://"+host+"/ws", &websocket.DialOptions{HTTPClient: client})
				require.NoError(t, err)
				defer func() { _ = c.CloseNow() }()
				const pings = 8
				for range pings - 1 {
					time.Sleep(lives / pings)
					require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte("ping")), "after %s", time.Since(began))
					_, message, err := c.Read(t.Context())
					require.NoError(t, err, "after %s", time.Since(began))
					assert.Equal(t, "ping", string(message))
				}
				_, _, err = c.Read(t.Context())
				require.Error(t, err)
				assert.Equal(t, lives, time.Since(began).Round(time.Second))
			})
		})
	}
}
