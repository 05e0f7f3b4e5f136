package dataplane

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyAConnectionThatWasOpenedForAPodCountsAsThePods(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	service, err := netip.ParseAddrPort(listener.Addr().String())
	require.NoError(t, err)
	pod := netip.MustParseAddr("127.0.0.9") // any process can take the address
	d := &Dataplane{pods: map[netip.Addr]*attached{}}

	stranger, err := (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(pod, 0))}).DialContext(t.Context(), "tcp", service.String())
	require.NoError(t, err)
	from, err := netip.ParseAddrPort(stranger.LocalAddr().String())
	require.NoError(t, err)
	assert.False(t, d.Carries(from))
	require.NoError(t, stranger.Close())

	opened, err := d.dial(t.Context(), pod, service)
	require.NoError(t, err)
	from, err = netip.ParseAddrPort(opened.LocalAddr().String())
	require.NoError(t, err)
	assert.Equal(t, pod, from.Addr())
	assert.True(t, d.Carries(from))
	require.NoError(t, opened.Close())
	assert.False(t, d.Carries(from), "its port is free for others now")

	d.refused = errors.New("no namespaces here")
	assert.True(t, d.Carries(from), "pods open their connections themselves")
}
