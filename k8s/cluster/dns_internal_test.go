package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAddressOfKubeDNSFollowsFromTheRangeForServices(t *testing.T) {
	t.Parallel()
	for services, address := range map[string]string{
		"10.30.0.0/20": "10.30.0.10", "34.118.224.0/20": "34.118.224.10", "10.0.0.16/28": "10.0.0.26",
	} {
		found, err := dnsAddress(services)
		require.NoError(t, err)
		assert.Equal(t, address, found)
	}
	for _, wrong := range []string{"", "none", "fd00::/108", "10.0.0.0/29"} {
		_, err := dnsAddress(wrong)
		assert.Error(t, err, wrong)
	}
}
