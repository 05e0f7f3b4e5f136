package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAConnectionThatOnlyCostsIsClosed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	var checks []func()
	for name, c := range map[string]struct {
		sends  string
		status int
	}{
		"headers that never end":        {"GET /health HTTP/1.1\r\nHost: x\r\nA", 400},
		"a body that never comes":       {"POST /v1/licenses/demo/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 20\r\n\r\n{", 400},
		"a chunk that never ends":       {"POST /v1/licenses/demo/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", 400},
		"headers of more than 20 KiB":   {"GET /health HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 24<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"chunks of more than 64 KiB":    {"POST /v1/licenses/demo/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" + strings.Repeat(" ", 0x10001) + "\r\n", 413},
		"a body announced as too large": {"POST /v1/licenses/demo/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 70000\r\n\r\n", 413},
	} {
		// All of them at once, whatever the number of tests that run beside each other.
		conn, err := net.Dial("tcp", strings.TrimPrefix(api.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
		_, err = io.WriteString(conn, c.sends)
		require.NoError(t, err, name)
		checks = append(checks, func() {
			in := bufio.NewReader(conn)
			answer, err := http.ReadResponse(in, nil)
			require.NoError(t, err, name)
			assert.Equal(t, c.status, answer.StatusCode, name)
			_, err = io.Copy(io.Discard, answer.Body)
			require.NoError(t, err, name)
			// Closed, or reset because of what was sent and never read; not the deadline.
			_, err = in.ReadByte()
			require.Error(t, err, name)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "%s: the connection is still open", name)
		})
	}
	for _, check := range checks {
		check()
	}
}

func TestATenantThatTakesItsShareWaitsAndOthersDoNot(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"TENANT_CONCURRENCY": "1"})
	token, other := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), w.google.Mint(t, apptest.Claims("other-3c4d", "eve"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")
	release := w.google.Hold()
	begun := make(chan reply, 1)
	go func() {
		// An error shows as an answer without a status.
		r, _ := api.try("POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"desk"}`)
		begun <- r
	}()
	w.held(t, 1)

	refused := api.call(t, "GET", "/v1/licenses/demo", token, "")
	assert.Equal(t, 429, refused.status)
	assert.Equal(t, "too_many_requests", refused.text("code"))
	assert.Equal(t, "1", refused.header.Get("Retry-After"))
	assert.Equal(t, 200, api.call(t, "GET", "/v1/licenses/demo", other, "").status)
	assert.Equal(t, 200, api.heartbeat(t, token, lease).status, "heartbeats have a share of their own")
	assert.Equal(t, 204, api.release(t, token, lease).status, "and so have releases")
	release()
	assert.Equal(t, 201, await.Receive(t, begun).status)
	assert.Equal(t, 200, api.call(t, "GET", "/v1/licenses/demo", token, "").status)
}

func TestMoreConnectionsThanThePodHasMemoryForCloseTheQuietOnes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	// 682 connections of 96 KiB fit into the 64 MiB that are left of 128 MiB.
	const fit, more = 682, 100
	api := w.serve(t, map[string]string{"MEMORY_LIMIT": "134217728"})
	var conns []net.Conn
	for range fit + more {
		conn, err := net.Dial("tcp", strings.TrimPrefix(api.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
		_, err = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, 200, answer.StatusCode)
		conns = append(conns, conn)
	}
	// A client reads its answer before the server counts the connection as idle, so which of the
	// first ones give way is not certain; the tests of package connection say which.
	ended := make(chan error, fit)
	for _, conn := range conns[:fit] {
		go func() {
			_, err := conn.Read(make([]byte, 1))
			ended <- err
		}()
	}
	for range more {
		require.ErrorIs(t, await.Receive(t, ended), io.EOF, "one of the first that were idle gave way")
	}
	assert.Empty(t, ended, "and no more of them")
	newest := conns[len(conns)-1]
	_, err := io.WriteString(newest, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(newest), nil)
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
}
