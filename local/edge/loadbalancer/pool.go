package loadbalancer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// errNoEndpoint is what the load balancer's log calls failed_to_pick_backend.
var errNoEndpoint = errors.New("the backend has no healthy endpoint")

// pool is what a backend keeps over changes of configuration: its endpoints,
// their health and the requests they are working on.
type pool struct {
	live  context.Context // ends with the load balancer
	work  *sync.WaitGroup // the load balancer's goroutines
	probe prober

	mu        sync.Mutex
	check     HealthCheck
	draining  time.Duration
	endpoints map[netip.AddrPort]*endpoint
	order     []*endpoint // sorted by address
	next      int         // round robin
	changed   chan struct{}
}

func newPool(live context.Context, work *sync.WaitGroup, probe prober) *pool {
	return &pool{
		live: live, work: work, probe: probe,
		endpoints: map[netip.AddrPort]*endpoint{}, changed: make(chan struct{}),
	}
}

// update brings the pool to the given endpoints. New ones are checked at once; those that
// are gone get no new request and their requests in flight the draining time. A changed
// health check restarts every check but keeps the known health.
func (p *pool) update(addresses []netip.AddrPort, check HealthCheck, draining time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	recheck := check != p.check
	p.check, p.draining = check, draining
	for address, e := range p.endpoints {
		if !slices.Contains(addresses, address) {
			delete(p.endpoints, address)
			p.retire(e)
		}
	}
	for _, address := range addresses {
		switch e := p.endpoints[address]; {
		case e == nil:
			p.endpoints[address] = p.admit(address)
		case recheck:
			e.stopChecks()
			p.watch(e)
		}
	}
	p.order = p.order[:0]
	for _, e := range p.endpoints {
		p.order = append(p.order, e)
	}
	slices.SortFunc(p.order, func(a, b *endpoint) int { return a.address.Compare(b.address) })
	p.announce()
}

// announce wakes the requests that wait for a health check. Called with the lock.
func (p *pool) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// acquire picks a healthy endpoint other than avoid, by key when requests stick
// to endpoints and else in turn. The caller must release it.
//
// While no endpoint is healthy but one awaits the outcome of its first check,
// acquire waits for it: on GKE the pod's readiness gate keeps the previous pod in
// service until the load balancer has seen the new one healthy
// (https://cloud.google.com/kubernetes-engine/docs/concepts/container-native-load-balancing).
func (p *pool) acquire(ctx context.Context, key string, avoid *endpoint) (*endpoint, error) {
	for {
		p.mu.Lock()
		e := p.pick(key, avoid)
		if e != nil {
			e.busy++
			p.mu.Unlock()
			return e, nil
		}
		changed := p.changed
		awaiting := slices.ContainsFunc(p.order, func(e *endpoint) bool { return e.health == unknown })
		p.mu.Unlock()
		if !awaiting {
			return nil, errNoEndpoint
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// pick is called with the lock held. Sticky keys use rendezvous hashing, so that
// only the clients of a lost endpoint move.
func (p *pool) pick(key string, avoid *endpoint) *endpoint {
	fit := slices.DeleteFunc(slices.Clone(p.order), func(e *endpoint) bool {
		return e.health != healthy || e == avoid
	})
	if len(fit) == 0 {
		return nil
	}
	if key == "" {
		p.next++
		return fit[p.next%len(fit)]
	}
	return slices.MaxFunc(fit, func(a, b *endpoint) int {
		return cmp.Compare(weight(key, a), weight(key, b))
	})
}

func weight(key string, e *endpoint) uint64 {
	sum := sha256.Sum256([]byte(key + "|" + e.address.String()))
	return binary.BigEndian.Uint64(sum[:])
}

func (p *pool) release(e *endpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.busy--
	if e.retired && e.busy == 0 {
		close(e.idle)
	}
}
