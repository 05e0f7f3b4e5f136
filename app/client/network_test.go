package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
)

// relay passes connections on, until it loses them: they stay open, and nothing comes through any
// more, as when a laptop changes its network.
type relay struct {
	address string
	to      string
	opened  atomic.Int64

	mu   sync.Mutex
	lost *atomic.Bool
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{address: listener.Addr().String(), to: to, lost: &atomic.Bool{}}
	var group sync.WaitGroup
	var open []net.Conn
	group.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", r.to)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.opened.Add(1)
			r.mu.Lock()
			lost := r.lost
			open = append(open, in, out)
			r.mu.Unlock()
			group.Go(func() { pass(in, out, lost) })
			group.Go(func() { pass(out, in, lost) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		r.mu.Lock()
		for _, one := range open {
			_ = one.Close()
		}
		r.mu.Unlock()
		group.Wait()
	})
	return r
}

// lose keeps the connections of until now, and passes nothing on.
func (r *relay) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost.Store(true)
	r.lost = &atomic.Bool{}
}

func pass(to io.Writer, from io.Reader, lost *atomic.Bool) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if lost.Load() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			if closer, ok := to.(io.Closer); ok {
				_ = closer.Close()
			}
			return
		}
	}
}

// overTLS is the fixture's server with TLS and HTTP/2, as a load balancer has.
func (w *fixture) overTLS(t *testing.T) (server *httptest.Server, authority string) {
	t.Helper()
	server = httptest.NewUnstartedServer(w)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	authority = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return server, authority
}

func TestAConnectionWhoseNetworkHasGoneIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	server, authority := w.overTLS(t)
	way := newRelay(t, strings.TrimPrefix(server.URL, "https://"))
	seat := w.hold(t, func(c *client.Config) {
		c.Server, c.CA, c.Connect, c.Timeout = "https://example.com", authority, way.address, 5*time.Second
	})
	w.clock.sleeping(t)
	w.clock.wake(t, heartbeat)
	w.clock.sleeping(t)
	require.NoError(t, seat.Failure())
	require.EqualValues(t, 1, way.opened.Load(), "heartbeats share a connection")

	way.lose()
	w.clock.wake(t, heartbeat)
	wait := w.clock.sleeping(t)
	require.Error(t, seat.Failure(), "the answer does not come")
	assert.True(t, seat.Held())
	w.clock.wake(t, wait)
	w.clock.sleeping(t)
	assert.NoError(t, seat.Failure(), "the next one goes another way")
	assert.EqualValues(t, 2, way.opened.Load())
	w.quiet(t)
}

func TestASeatOutlivesACertificateThatChanges(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	server, authority := w.overTLS(t)
	var other atomic.Pointer[tls.Certificate]
	server.TLS.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return other.Load(), nil }
	seat := w.hold(t, func(c *client.Config) {
		c.Server, c.CA, c.Connect = "https://example.com", authority, strings.TrimPrefix(server.URL, "https://")
	})
	w.clock.sleeping(t)
	other.Store(unknownCertificate(t))
	server.CloseClientConnections()
	wait := heartbeat
	for range 3 {
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
		require.Error(t, seat.Failure())
		assert.True(t, seat.Held())
	}
	assert.ErrorContains(t, seat.Failure(), "certificate")
	other.Store(nil)
	w.clock.wake(t, wait)
	w.clock.sleeping(t)
	assert.NoError(t, seat.Failure())
	w.quiet(t)
}

// unknownCertificate is one that nobody trusts.
func unknownCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestAServerWhoseNameIsNotFoundIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	config := w.config()
	config.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "licenses.example.com", IsNotFound: true}
	}}}
	held := make(chan error, 1)
	go func() {
		_, err := client.Hold(t.Context(), config)
		held <- err
	}()
	for range 4 { // 1, 2, 4 and 8 seconds
		w.clock.wake(t, w.clock.sleeping(t))
	}
	require.ErrorContains(t, await.Receive(t, held), "no such host")
}

func TestACancelledHoldEndsInEachOfItsSteps(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 16)
	hang := func(rw http.ResponseWriter, r *http.Request) {
		// The server notices that the client has gone when the body was read.
		_, _ = io.Copy(io.Discard, r.Body)
		begun <- struct{}{}
		hanging(rw, r)
	}
	for name, prepare := range map[string]func(*fixture, *client.Config){
		"while the identity is asked for": func(_ *fixture, c *client.Config) {
			c.Identity = func(ctx context.Context) (string, error) {
				begun <- struct{}{}
				<-ctx.Done()
				return "", ctx.Err()
			}
		},
		"while it acquires":           func(w *fixture, _ *client.Config) { w.answer("acquire", hang) },
		"while the keys are fetched":  func(w *fixture, _ *client.Config) { w.answer("jwks.json", hang) },
		"while it waits to try again": func(w *fixture, c *client.Config) { w.answer("acquire", broken); c.Clock = waiting{w.clock, begun} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			config := w.config()
			prepare(w, &config)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			held := make(chan error, 1)
			go func() {
				_, err := client.Hold(ctx, config)
				held <- err
			}()
			await.Receive(t, begun)
			cancel()
			assert.ErrorIs(t, await.Receive(t, held), context.Canceled)
		})
	}
}

func TestAnIdentityThatDoesNotComeCostsNoMoreThanAServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var stuck atomic.Pointer[chan struct{}]
	var asked atomic.Int64
	config := w.config()
	config.Timeout = 200 * time.Millisecond
	// As a file on a network's drive: no context ends its reading.
	config.Identity = func(context.Context) (string, error) {
		asked.Add(1)
		if returns := stuck.Load(); returns != nil {
			<-*returns
		}
		return "identity", nil
	}
	seat, err := client.Hold(t.Context(), config)
	require.NoError(t, err)
	until, wait := seat.Until(), w.clock.sleeping(t)
	returns, never := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(never) })
	stuck.Store(&returns)
	before := asked.Load()
	w.called()
	for seat.Held() {
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
	}
	assert.Equal(t, until, w.change(t).At, "the loss is told to the second")
	require.ErrorContains(t, seat.Failure(), "identity token does not come")
	assert.Empty(t, w.called())
	assert.Equal(t, before+1, asked.Load(), "one call at a time")

	stuck.Store(nil)
	close(returns)
	await.True(t, func() bool {
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
		return seat.Held()
	})
	assert.True(t, w.change(t).Held)
	stuck.Store(&never)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	assert.ErrorContains(t, seat.Close(ctx), "is not released", "nor does the end wait for it")
}

// waiting is a clock that tells when somebody waits.
type waiting struct {
	*steps
	begun chan<- struct{}
}

func (c waiting) Sleep(ctx context.Context, _ time.Duration) error {
	c.begun <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}
