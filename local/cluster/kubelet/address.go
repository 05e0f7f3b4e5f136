package kubelet

import (
	"fmt"
	"net/netip"
	"sync"
)

// addresses allocates the addresses of a range in turn, so that an address that was just
// released is not used again soon.
type addresses struct {
	prefix netip.Prefix

	mu   sync.Mutex
	last netip.Addr
	used map[netip.Addr]bool
}

func newAddresses(prefix netip.Prefix) (*addresses, error) {
	if !prefix.IsValid() || !prefix.Addr().IsLoopback() || prefix.Bits() > 30 {
		return nil, fmt.Errorf("the pods' range is %s; it must be a loopback range of /30 or larger, for example 127.77.64.0/18", prefix)
	}
	return &addresses{prefix: prefix.Masked(), last: prefix.Masked().Addr(), used: map[netip.Addr]bool{}}, nil
}

func (a *addresses) take() (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	start := a.last
	for next := a.after(start); next != start; next = a.after(next) {
		// The range's first address names the range itself.
		if next != a.prefix.Addr() && !a.used[next] {
			a.used[next], a.last = true, next
			return next, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("the pods' range %s has no free address left", a.prefix)
}

// after is the next address, from the beginning again at the end of the range.
func (a *addresses) after(current netip.Addr) netip.Addr {
	if next := current.Next(); a.prefix.Contains(next) {
		return next
	}
	return a.prefix.Addr()
}

func (a *addresses) release(address netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.used, address)
}
