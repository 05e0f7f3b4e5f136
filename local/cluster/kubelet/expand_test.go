package kubelet

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReferencesToVariablesAreReplaced(t *testing.T) {
	t.Parallel()
	known := variables{"A": "1", "B": "$(A)", "EMPTY": ""}
	for text, want := range map[string]string{
		"$(A):8000":   "1:8000",
		"$(A)$(B)":    "1$(A)",
		"$(EMPTY)x":   "x",
		"$(UNKNOWN)":  "$(UNKNOWN)",
		"$$(A)":       "$(A)",
		"$$$(A)":      "$1",
		"$A $":        "$A $",
		"$(A":         "$(A",
		"100% (A)":    "100% (A)",
		"$()":         "$()",
		"$($(A))":     "$($(A))",
		"{\"a\":$$1}": "{\"a\":$1}",
	} {
		assert.Equal(t, want, expand(text, known), text)
	}
}

func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"$(A)", "$$(A)", "$(", "$", "a$(B)c", "$($(A))"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.Contains(text, "$$") {
			assert.Equal(t, text, expand(text, variables{}), "without variables nothing is replaced")
		}
		assert.NotContains(t, expand("["+strings.ReplaceAll(text, "$", "")+"$(A)]", variables{"A": "x"}), "$(A)")
	})
}

func TestAddressesAreHandedOutInTurnAndNeverTwice(t *testing.T) {
	t.Parallel()
	pool, err := newAddresses(netip.MustParsePrefix("127.9.64.0/29"))
	require.NoError(t, err)
	seen := map[netip.Addr]bool{}
	for range 7 {
		address, err := pool.take()
		require.NoError(t, err)
		assert.False(t, seen[address], "%s", address)
		seen[address] = true
	}
	assert.False(t, seen[netip.MustParseAddr("127.9.64.0")])
	_, err = pool.take()
	assert.ErrorContains(t, err, "no free address")
	pool.release(netip.MustParseAddr("127.9.64.3"))
	address, err := pool.take()
	require.NoError(t, err)
	assert.Equal(t, "127.9.64.3", address.String())

	_, err = newAddresses(netip.MustParsePrefix("10.0.0.0/8"))
	assert.ErrorContains(t, err, "loopback")
}
