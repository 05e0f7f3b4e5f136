// Package iprange knows which IPv4 addresses are private in Google Cloud.
package iprange

import (
	"net/netip"
	"slices"
)

// Docker is the range of Docker's own network. GKE refuses it for the control plane, nodes,
// pods and Services, and Cloud SQL keeps it to itself
// (https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#restrictions,
// https://cloud.google.com/sql/docs/postgres/configure-private-ip).
const Docker = "172.17.0.0/16"

// Hint is what a private range can be, as a problem shows it: the ranges that networks
// have of their own.
const Hint = "a range inside of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or 240.0.0.0/4"

// private are the ranges that a VPC network uses as private ones. All others are
// public, whoever uses them (https://cloud.google.com/vpc/docs/subnets#valid-ranges).
func private() []string {
	return []string{
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24",
		"198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
	}
}

// IsPrivate tells whether every address of a range is private.
func IsPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(private(), func(text string) bool {
		whole := netip.MustParsePrefix(text)
		return whole.Bits() <= p.Bits() && whole.Contains(p.Addr())
	})
}
