// Package port finds, in tests, ports of 127.0.0.1 that no other test is given.
package port

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Free returns a port of 127.0.0.1 for a server that cannot choose one itself. Until
// the test's end no other test is given it, in this process or another: its number is
// also the name of a socket in the abstract namespace, which one process can have at a
// time (https://man7.org/linux/man-pages/man7/unix.7.html). It lies below those that Linux
// gives to outgoing connections, one of which would take it before the server starts:
// https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range).
func Free(tb testing.TB) int {
	tb.Helper()
	for range 100 {
		port := 15_000 + rand.IntN(32_768-15_000)
		reserved, err := net.Listen("unix", "@license-platform-test-port-"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			require.NoError(tb, reserved.Close())
			continue
		}
		require.NoError(tb, listener.Close())
		tb.Cleanup(func() { require.NoError(tb, reserved.Close()) })
		return port
	}
	require.FailNow(tb, "no port of 127.0.0.1 from 15000 to 32767 is free")
	return 0
}

// Address is Free as an address.
func Address(tb testing.TB) netip.AddrPort {
	tb.Helper()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(Free(tb)))
}

// Host returns an address of this machine, other than 127.0.0.1, for servers whose ports
// are given. Until the test's end no other test is given it.
func Host(tb testing.TB) netip.Addr {
	tb.Helper()
	for range 100 {
		address := netip.AddrFrom4([4]byte{127, byte(251 + rand.IntN(4)), byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
		reserved, err := net.Listen("unix", "@license-platform-test-host-"+address.String())
		if err != nil {
			continue
		}
		tb.Cleanup(func() { require.NoError(tb, reserved.Close()) })
		return address
	}
	require.FailNow(tb, "no address of 127.251.0.0/16 to 127.254.0.0/16 is free")
	return netip.Addr{}
}

// Network returns 256 addresses of this machine, for servers whose addresses are given too.
// Until the test's end no other test is given any of them.
func Network(tb testing.TB) netip.Prefix {
	tb.Helper()
	for range 1000 {
		network := netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 255, byte(rand.IntN(255)), 0}), 24)
		reserved, err := net.Listen("unix", "@license-platform-test-network-"+network.String())
		if err != nil {
			continue
		}
		tb.Cleanup(func() { require.NoError(tb, reserved.Close()) })
		return network
	}
	require.FailNow(tb, "no network of 127.255.0.0/24 to 127.255.254.0/24 is free")
	return netip.Prefix{}
}

// Closed returns an address of 127.0.0.1 that refuses connections until the
// test's end. A socket is bound to it and does not listen, so that nobody else can.
func Closed(tb testing.TB) netip.AddrPort {
	tb.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, syscall.Close(socket)) })
	require.NoError(tb, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	bound, err := syscall.Getsockname(socket)
	require.NoError(tb, err)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(bound.(*syscall.SockaddrInet4).Port))
}
