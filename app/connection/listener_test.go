package connection

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
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
	go func() { served <- server.Serve(Begun(inner, time.Minute)) }()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
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
	go func() { served <- server.Serve(Begun(inner, time.Minute)) }()
	conn, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
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
