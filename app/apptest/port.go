package apptest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// FreePort returns a port of 127.0.0.1 that was free a moment ago, for a server
// that cannot choose one itself. It lies below those that Linux gives to outgoing
// connections, one of which would take it before the server starts:
// https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range).
func FreePort(tb testing.TB) int {
	tb.Helper()
	for range 100 {
		port := 15_000 + rand.IntN(32_768-15_000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			require.NoError(tb, listener.Close())
			return port
		}
	}
	require.FailNow(tb, "no port of 127.0.0.1 from 15000 to 32767 is free")
	return 0
}
