package loadbalancer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
)

// snapshot is one configuration, complete and never changed; a request keeps the
// one it began with.
type snapshot struct {
	config       Config
	routes       *routes
	certificates certificates
	tls          *tls.Config
	address      netip.Addr // as seen in X-Forwarded-For
}

// backend is a backend service of a snapshot with the pool that outlives it.
type backend struct {
	Backend
	pool *pool
}

// Update swaps the configuration. Requests in flight finish under the old one; a
// configuration with a mistake is refused and changes nothing.
func (f *LoadBalancer) Update(c Config) error {
	if err := c.validate(); err != nil {
		return fmt.Errorf("refuse the load balancer's configuration: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.update(c)
}

// update is called with the lock held.
func (f *LoadBalancer) update(c Config) error {
	if f.closed {
		return errors.New("the load balancer is closed")
	}
	next, err := f.snapshotOf(c)
	if err != nil {
		return err
	}
	if err := f.setPlain(c.PlainHTTP.Allowed); err != nil {
		return err
	}
	used := map[string]*backend{}
	for _, b := range c.Backends {
		used[b.Name] = f.backendOf(b)
	}
	next.routes = newRoutes(c, used)
	f.current.Store(next)
	for name, p := range f.pools {
		if used[name] == nil {
			p.update(nil, p.check, p.draining)
			delete(f.pools, name)
		}
	}
	return nil
}

func (f *LoadBalancer) snapshotOf(c Config) (*snapshot, error) {
	all, err := f.issued(c.Certificates)
	if err != nil {
		return nil, err
	}
	settings, err := newTLSSettings(c.TLS, all)
	if err != nil {
		return nil, err
	}
	address := c.Address
	if !address.IsValid() {
		address = f.address.Addr()
	}
	return &snapshot{config: c, certificates: all, tls: settings, address: address}, nil
}

// backendOf joins a backend's new settings with the pool of that name. The pool gets its
// endpoints before the snapshot is published: no request is routed to a backend without
// known endpoints.
func (f *LoadBalancer) backendOf(b Backend) *backend {
	p := f.pools[b.Name]
	if p == nil {
		p = newPool(f.live, &f.work, httpProber(f.options.Dial))
		f.pools[b.Name] = p
	}
	p.update(b.Endpoints, b.HealthCheck.withDefaults(), b.Draining)
	return &backend{Backend: b, pool: p}
}
