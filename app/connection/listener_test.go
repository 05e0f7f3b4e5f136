package connection

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestOnlyAHeaderThatHasBegunIsTimed(t *testing.T) {
	t.Parallel()
	const header = time.Second
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }),
		ReadHeaderTimeout: header, ReadTimeout: 2 * header,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(Listen(inner, Options{Idle: time.Minute, Most: 100})) }()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
		return conn
	}
	answer := func(conn net.Conn) int {
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	ahead, slow, silent, slowBody := dial(), dial(), dial(), dial()
	_, err = io.WriteString(slow, "POST / HTTP/1.1\r\nHost: x\r\n")
	require.NoError(t, err)
	_, err = io.WriteString(slowBody, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
	require.NoError(t, err)
	time.Sleep(3 * header)

	_, err = io.WriteString(ahead, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
	require.NoError(t, err)
	assert.Equal(t, 200, answer(ahead), "a load balancer that connected ahead")
	assert.NotEqual(t, 200, answer(slow), "a header that does not end")
	left, err := io.ReadAll(slowBody)
	assert.NoError(t, err, "the connection ends")
	assert.NotContains(t, string(left), "half of it")

	require.NoError(t, server.Close())
	require.ErrorIs(t, await.Receive(t, served), http.ErrServerClosed)
	_, err = silent.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "a silent connection ends with the server")
	for _, conn := range []net.Conn{ahead, slow, silent, slowBody} {
		require.NoError(t, conn.Close())
	}
}

func TestAClientThatStillSendsReadsTheRefusal(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.NotFoundHandler(), MaxHeaderBytes: 16 << 10, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(Listen(inner, Options{Idle: time.Minute, Most: 100})) }()
	conn, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
	_, err = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\nA: "+strings.Repeat("a", 24<<10)+"\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
	require.NoError(t, response.Body.Close())
	require.NoError(t, conn.Close())
	require.NoError(t, server.Close())
	require.ErrorIs(t, await.Receive(t, served), http.ErrServerClosed)
}

// crowd is a server with room for two connections.
type crowd struct {
	*Listener
	address string
	// begun says that a slow request has begun; finish lets all of them end.
	begun, finish chan struct{}
	closed        atomic.Int64
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &crowd{address: inner.Addr().String(), begun: make(chan struct{}, 2), finish: make(chan struct{})}
	c.Listener = Listen(inner, Options{Idle: time.Minute, Most: 2, Full: func() { c.closed.Add(1) }})
	mux := http.NewServeMux()
	mux.HandleFunc("/quick", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) {
		c.begun <- struct{}{}
		<-c.finish
	})
	server := &http.Server{Handler: mux, ConnState: c.State}
	served := make(chan error, 1)
	go func() { served <- server.Serve(c.Listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, await.Receive(t, served), http.ErrServerClosed)
	})
	return c
}

func (c *crowd) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", c.address)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// allQuiet waits until both connections are counted as quiet: a client reads its answer before that.
func (c *crowd) allQuiet(t *testing.T) {
	t.Helper()
	await.True(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.quiet.Len() == 2
	})
}

func ask(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	_, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
}

func answered(t *testing.T, conn net.Conn) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	require.NoError(t, response.Body.Close())
}

func ended(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestANewConnectionTakesThePlaceOfTheOneThatIsQuietLongest(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	silent, idle := c.dial(t), c.dial(t)
	ask(t, idle, "/quick")
	answered(t, idle)
	c.allQuiet(t)

	third := c.dial(t)
	ask(t, third, "/quick")
	answered(t, third)
	ended(t, silent)
	c.allQuiet(t)
	fourth := c.dial(t)
	ask(t, fourth, "/quick")
	answered(t, fourth)
	ended(t, idle)
	ask(t, third, "/quick")
	answered(t, third)
	assert.EqualValues(t, 2, c.closed.Load())
}

func TestAConnectionWithARequestIsNotClosedForANewOne(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	first, second := c.dial(t), c.dial(t)
	ask(t, first, "/slow")
	ask(t, second, "/slow")
	await.Receive(t, c.begun)
	await.Receive(t, c.begun)
	third := c.dial(t)
	ask(t, third, "/quick")
	close(c.finish)
	answered(t, first)
	answered(t, second)
	answered(t, third)
	assert.EqualValues(t, 1, c.closed.Load(), "one of the two gave way once it had its answer")
}
