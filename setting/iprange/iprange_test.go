package iprange_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting/iprange"
)

func TestARangeIsPrivateWhenAllOfItsAddressesAre(t *testing.T) {
	t.Parallel()
	for text, private := range map[string]bool{
		"10.0.0.0/8": true, "10.20.0.0/16": true, "172.16.0.0/12": true, "172.31.255.0/24": true, "192.168.0.0/16": true,
		"100.64.0.0/10": true, "100.127.0.0/16": true, "240.0.0.0/8": true,
		"172.32.0.0/16": false, "172.0.0.0/8": false, "192.169.0.0/16": false, "100.128.0.0/16": false, "11.0.0.0/8": false,
		"10.0.0.0/7": false, "8.8.8.0/24": false, "0.0.0.0/0": false, "2001:db8::/32": false,
	} {
		assert.Equal(t, private, iprange.IsPrivate(netip.MustParsePrefix(text)), text)
	}
}
