package loadbalancer

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// errDrained cuts the requests that outlive the connection draining timeout.
var errDrained = errors.New("the endpoint was removed and its connection draining timeout is over")

// health is the state of an endpoint as the load balancer knows it.
type health int

const (
	unknown health = iota // no check has been answered yet
	healthy
	unhealthy
)

// endpoint is one address that a backend gives requests to. Its fields are
// guarded by the pool's lock.
type endpoint struct {
	address    netip.AddrPort
	health     health
	busy       int // requests in flight
	retired    bool
	idle       chan struct{} // closed when a retired endpoint has no request left
	cut        context.Context
	cutNow     context.CancelCauseFunc
	stopChecks context.CancelFunc
}

// admit is called with the pool's lock held.
func (p *pool) admit(address netip.AddrPort) *endpoint {
	e := &endpoint{address: address, idle: make(chan struct{})}
	e.cut, e.cutNow = context.WithCancelCause(p.live)
	p.watch(e)
	return e
}

// watch starts the endpoint's health checks. Called with the pool's lock held.
func (p *pool) watch(e *endpoint) {
	ctx, stop := context.WithCancel(p.live)
	e.stopChecks = stop
	check := p.check
	p.work.Go(func() { p.checkUntil(ctx, e, check) })
}

// retire takes the endpoint out of service: no new request, and the draining
// time for those in flight. Called with the pool's lock held.
func (p *pool) retire(e *endpoint) {
	e.stopChecks()
	e.retired = true
	if e.busy == 0 {
		close(e.idle)
	}
	draining := p.draining
	p.work.Go(func() {
		timer := time.NewTimer(draining)
		defer timer.Stop()
		select {
		case <-e.idle:
		case <-timer.C:
		case <-p.live.Done():
		}
		e.cutNow(errDrained)
	})
}
