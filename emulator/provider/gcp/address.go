package gcp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Addresses are the addresses and ranges that resources are given.
type Addresses struct {
	// Edge is the address of the load balancer, and of every new static address.
	Edge netip.Addr
	// ControlPlane is the address of a cluster's API server. Nothing listens there: the
	// Kubernetes provider of the emulator replaces it.
	ControlPlane netip.Addr
	// PrivateServices is the range that the platform reserves for private services
	// access: Cloud SQL and Memorystore get their addresses from it.
	PrivateServices netip.Prefix
	// TheirPrivateServices is the range that the Cloud IDE has reserved, with the address
	// of its database.
	TheirPrivateServices netip.Prefix
	// Pods is the range that pods get their addresses from.
	Pods netip.Prefix
}

// halves are the two halves of a range of IPv4 addresses.
func halves(whole netip.Prefix) (lower, upper netip.Prefix) {
	lower = netip.PrefixFrom(whole.Masked().Addr(), whole.Bits()+1)
	first := lower.Addr().As4()
	binary.BigEndian.PutUint32(first[:], binary.BigEndian.Uint32(first[:])|1<<(32-lower.Bits()))
	return lower, netip.PrefixFrom(netip.AddrFrom4(first), lower.Bits())
}

// nextAddress returns the first address of the prefix that is not taken, leaving out
// the network's own and the one that Google keeps for a gateway.
func nextAddress(prefix netip.Prefix, taken func(netip.Addr) bool) (netip.Addr, error) {
	for addr := prefix.Masked().Addr().Next().Next(); prefix.Contains(addr); addr = addr.Next() {
		if !taken(addr) {
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address is left in %s", prefix)
}
