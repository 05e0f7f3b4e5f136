package network

import (
	"fmt"
	"net/netip"
	"regexp"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/iprange"
)

// keyed is a setting's key and value.
type keyed struct{ key, value string }

// requireName records a problem unless value is a name that Compute Engine
// accepts (https://cloud.google.com/compute/docs/naming-resources).
func requireName(ps *setting.Problems, key, value string) {
	if !regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(value) {
		ps.Add(key, value, "is not a valid resource name", "1 to 63 lower-case letters, digits and hyphens, first a letter, last no hyphen")
	}
}

// requireRange records a problem unless value is an IPv4 network of at most
// narrowest bits.
func requireRange(ps *setting.Problems, key, value string, narrowest int) {
	const allowed = "an IPv4 network such as 10.0.0.0/20, its host bits zero"
	prefix, err := netip.ParsePrefix(value)
	if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
		ps.Add(key, value, "is not a valid IPv4 network", allowed)
		return
	}
	if prefix.Bits() > narrowest {
		ps.Add(key, value, "is too narrow", fmt.Sprintf("/%d or wider", narrowest))
	}
}

// requireWidth records a problem when value is an IPv4 network of fewer bits than widest.
func requireWidth(ps *setting.Problems, key, value string, widest int) {
	if prefix, err := netip.ParsePrefix(value); err == nil && prefix.Bits() < widest {
		ps.Add(key, value, "is too wide", fmt.Sprintf("/%d or narrower", widest))
	}
}

// requireSubnet records a problem unless value is an IPv4 network that a subnet may
// have. It refuses the prohibited ranges that are easily written by mistake, and
// Docker's own. Loopback addresses are what the embedded cloud has, so package stack
// refuses them elsewhere (https://cloud.google.com/vpc/docs/subnets#prohibited-ranges).
//
// Public addresses can be used as private ones, such as 172.32.0.0/16 for 172.16.0.0/12 by
// mistake. But a peering does not import them unless it is told to, and GKE sends what is
// meant for them to the internet unless the cluster is told not to
// (https://cloud.google.com/vpc/docs/vpc-peering#subnet-routes,
// https://cloud.google.com/kubernetes-engine/docs/how-to/alias-ips#enable_pupis). The
// platform does neither, so no pod would reach the database.
func requireSubnet(ps *setting.Problems, key, value string, narrowest int) {
	requireRange(ps, key, value, narrowest)
	prefix, err := netip.ParsePrefix(value)
	if err != nil || !prefix.Addr().Is4() {
		return
	}
	for _, taken := range []struct{ network, of string }{
		{"0.0.0.0/8", "this network"},
		{"169.254.0.0/16", "link-local"},
		{"224.0.0.0/4", "multicast"},
		{"255.255.255.255/32", "broadcast"},
		{iprange.Docker, "Docker's on every node"},
		{PrivateGoogleAPIsVIP, "Google's APIs"},
		{restrictedGoogleAPIsVIP, "Google's APIs"},
	} {
		if prefix.Overlaps(netip.MustParsePrefix(taken.network)) {
			ps.Add(key, value, "shares addresses with "+taken.network+", "+taken.of, "a range of private addresses, such as 10.0.0.0/20")
			return
		}
	}
	if !prefix.Addr().IsLoopback() && !iprange.IsPrivate(prefix) {
		ps.Add(key, value, "has public addresses, over which the pods and the database do not reach each other", iprange.Hint)
	}
}

// overlaps records a problem for every two ranges that share an address; what
// does not parse is left to requireRange.
func overlaps(ranges []keyed) (ps setting.Problems) {
	for i, a := range ranges {
		first, err := netip.ParsePrefix(a.value)
		if err != nil {
			continue
		}
		for _, b := range ranges[i+1:] {
			if second, err := netip.ParsePrefix(b.value); err == nil && first.Overlaps(second) {
				ps.Add(b.key, b.value, "shares addresses with network."+a.key+" = "+a.value, "ranges apart from each other")
			}
		}
	}
	return ps
}
