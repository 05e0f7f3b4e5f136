// Package load is the clients that call the license API while something is
// rehearsed: customers who meet a fault, and those who are the trouble themselves.
// Each request comes from an address of its own, so that no rate limit per client
// stops it.
package load

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Kind is a kind of clients.
type Kind string

// The kinds of clients.
const (
	// Customers take a seat and take it again, each time with a new token.
	Customers Kind = "customers"
	// Readers read what only the database knows.
	Readers Kind = "readers"
	// Forgers call with tokens that nobody has signed.
	Forgers Kind = "forgers"
	// Scanners try an SQL injection.
	Scanners Kind = "scanners"
	// Crowd requests the public keys, as many clients at once.
	Crowd Kind = "crowd"
	// Devices want a seat each, of a licence that has fewer.
	Devices Kind = "devices"
)

// Target is whom the clients call.
type Target struct {
	// Edge is the load balancer; its certificate for Host is below Roots.
	Edge  netip.AddrPort
	Roots *x509.CertPool
	Host  string
	// License is a licence with few seats, and Product what it is for.
	License, Product string
	// Token creates an identity token of a user, or of an administrator, of the licence's
	// tenant.
	Token func(admin bool) (string, error)
}

// work is what the clients of a kind do.
type work struct {
	// clients call at the same time; each waits so long between an answer and its
	// next request.
	clients int
	pause   time.Duration
	call    func(*caller, context.Context)
}

func works() map[Kind]work {
	return map[Kind]work{
		Customers: {4, 250 * time.Millisecond, func(c *caller, ctx context.Context) { c.acquire(ctx, "rehearsal") }},
		Readers:   {40, 50 * time.Millisecond, (*caller).readAudit},
		Forgers:   {12, 500 * time.Millisecond, (*caller).forge},
		Scanners:  {16, 200 * time.Millisecond, (*caller).scan},
		Crowd:     {32, 70 * time.Millisecond, (*caller).keys},
		Devices:   {6, 250 * time.Millisecond, func(c *caller, ctx context.Context) { c.acquire(ctx, c.device) }},
	}
}

// Kinds are all kinds, sorted.
func Kinds() (all []Kind) {
	for kind := range works() {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// errUnknown says that a kind of clients does not exist.
var errUnknown = errors.New("unknown kind of clients")

// returnTimeout is how long the clients try to give their seats back.
const returnTimeout = 10 * time.Second

// Run lets clients call until ctx ends, and then gives back the seats that they
// hold, for which they try until life ends or ten seconds are over. What a request is
// answered is the business of those who watch.
func Run(ctx, life context.Context, t Target, kind Kind) error {
	todo, known := works()[kind]
	if !known {
		return errUnknown
	}
	shared := newConnections(t)
	defer shared.close()
	if kind == Customers || kind == Devices {
		shared.learn(life)
	}
	var clients sync.WaitGroup
	callers := make([]*caller, todo.clients)
	for i := range callers {
		callers[i] = &caller{connections: shared, device: deviceName(i)}
		clients.Go(func() { callers[i].repeat(ctx, life, todo) })
	}
	clients.Wait()
	life, cancel := context.WithTimeout(life, returnTimeout)
	defer cancel()
	for _, c := range callers {
		clients.Go(func() { c.giveBack(life) })
	}
	clients.Wait()
	return nil
}

// repeat calls, each time after a pause, until ctx ends. A request in progress is
// completed: a client that hangs up would not learn of the seat that it gets.
func (c *caller) repeat(ctx, life context.Context, todo work) {
	for {
		todo.call(c, life)
		if !sleep(ctx, todo.pause) {
			return
		}
	}
}

// sleep says whether ctx outlived it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
