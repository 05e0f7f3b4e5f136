package server_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// BenchmarkCrowd is the memory of a pod of 256 MiB while 6,000 connections are opened that
// are silent, idle after a request, or whose bodies of 64 KiB do not end.
func BenchmarkCrowd(b *testing.B) {
	const crowd = 6_000
	w := newFixture(b)
	path := build(b)
	authorized := "POST /v1/licenses/big/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
		w.google.Mint(b, apptest.Claims("demo-1a2b", "ada")) + "\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n\r\n"
	for b.Loop() {
		for name, c := range map[string]struct {
			send     string
			answered bool
		}{
			"silent": {},
			"idle":   {send: "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", answered: true},
			"bodies": {send: authorized + `{"fingerprint":"` + strings.Repeat("x", 65_000)},
		} {
			api := w.serveBuilt(b, path)
			var conns []net.Conn
			for range crowd {
				conn, err := net.DialTimeout("tcp", strings.TrimPrefix(api.url, "http://"), time.Minute)
				require.NoError(b, err)
				conns = append(conns, conn)
				require.NoError(b, conn.SetDeadline(time.Now().Add(time.Minute)))
				_, err = conn.Write([]byte(c.send))
				require.NoError(b, err)
				if c.answered {
					response, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
					require.NoError(b, err)
					require.NoError(b, response.Body.Close())
				}
			}
			b.ReportMetric(api.memory(b, "VmHWM"), "MiB-"+name)
			api.kill()
			for _, conn := range conns {
				_ = conn.Close() // the other side is gone
			}
		}
	}
}
