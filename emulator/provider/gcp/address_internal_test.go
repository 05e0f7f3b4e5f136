package gcp

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNextSkipsWhatIsTakenAndEndsWithTheRange(t *testing.T) {
	t.Parallel()
	prefix := netip.MustParsePrefix("127.77.16.0/30")
	first, err := nextAddress(prefix, func(netip.Addr) bool { return false })
	require.NoError(t, err)
	assert.Equal(t, "127.77.16.2", first.String())
	second, err := nextAddress(prefix, func(a netip.Addr) bool { return a == first })
	require.NoError(t, err)
	assert.Equal(t, "127.77.16.3", second.String())
	_, err = nextAddress(prefix, func(netip.Addr) bool { return true })
	require.ErrorContains(t, err, "no address is left in 127.77.16.0/30")
}

func TestARangeHasTwoHalves(t *testing.T) {
	t.Parallel()
	lower, upper := halves(netip.MustParsePrefix("127.77.16.0/20"))
	assert.Equal(t, "127.77.16.0/21", lower.String())
	assert.Equal(t, "127.77.24.0/21", upper.String())
}
