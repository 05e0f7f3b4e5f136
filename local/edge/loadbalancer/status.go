package loadbalancer

import (
	"maps"
	"net/netip"
	"slices"
)

// BackendStatus is the health of a backend's endpoints, as the console shows it.
type BackendStatus struct {
	Backend   string           `json:"backend"`
	Endpoints []EndpointStatus `json:"endpoints"`
}

// EndpointStatus is the health of one endpoint: HEALTHY, UNHEALTHY, or UNKNOWN
// before its first check is answered.
type EndpointStatus struct {
	Address  netip.AddrPort `json:"address"`
	Health   string         `json:"health"`
	InFlight int            `json:"inFlight"`
}

// Status returns the health of every backend, by name.
func (f *LoadBalancer) Status() []BackendStatus {
	f.mu.Lock()
	pools := maps.Clone(f.pools)
	f.mu.Unlock()
	var all []BackendStatus
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		all = append(all, BackendStatus{Backend: name, Endpoints: pools[name].status()})
	}
	return all
}

func (p *pool) status() []EndpointStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []EndpointStatus
	for _, e := range p.order {
		all = append(all, EndpointStatus{Address: e.address, Health: e.health.String(), InFlight: e.busy})
	}
	return all
}

// String is the health as Google's API spells it.
func (h health) String() string {
	switch h {
	case healthy:
		return "HEALTHY"
	case unhealthy:
		return "UNHEALTHY"
	default:
		return "UNKNOWN"
	}
}
