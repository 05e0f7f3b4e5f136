package server

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coditect-ai/license-platform/app/httpapi"
)

// readiness answers /ready. To become ready, everything has to work once: a new
// version that cannot reach its database must not replace one that can. After
// that only Redis counts, because heartbeats and releases go on without the rest.
type readiness struct {
	seats, ledger, keys, identity func(context.Context) error
	// fill tells how full Redis is, between 0 and 1, and measure is told.
	fill    func(context.Context) (float64, error)
	measure func(float64)
	// log is told why; the answer is for everybody and says only what.
	log *slog.Logger

	started  atomic.Bool
	draining atomic.Bool

	mu    sync.Mutex
	last  httpapi.Readiness
	until time.Time
}

// fresh is how long an answer is good for, so that probes cannot become a load.
const fresh = time.Second

// From these shares of its memory on, Redis counts as filling, and as full: then there is
// room for the last seats only. The stack's alert RedisMemoryHigh comes before the first.
const (
	filling = 0.85
	full    = 0.98
)

// memory says how full Redis is. It does not make the API unready: the seats that are taken
// are kept and given back in a full server too, and no instance has another.
func (r *readiness) memory(ctx context.Context) string {
	share, err := r.fill(ctx)
	if err != nil {
		return "unavailable"
	}
	r.measure(share)
	switch {
	case share >= full:
		r.log.ErrorContext(ctx, "Redis is full: new seats are refused", "share", share)
		return "full"
	case share >= filling:
		r.log.WarnContext(ctx, "Redis fills: new seats will be refused when it is full", "share", share)
		return "filling"
	}
	return "ok"
}

func (r *readiness) check(ctx context.Context) httpapi.Readiness {
	if r.draining.Load() {
		return httpapi.Readiness{Checks: map[string]string{"process": "shutting down"}}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return r.last
	}
	// The caller may hang up, but the answer is shared by all callers.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	checks := map[string]func(context.Context) error{"redis": r.seats, "postgresql": r.ledger, "kms": r.keys, "identity": r.identity}
	state := httpapi.Readiness{Checks: map[string]string{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	for name, check := range checks {
		group.Go(func() {
			result := "ok"
			if err := check(ctx); err != nil {
				result = "unavailable"
				r.log.WarnContext(ctx, "a dependency does not answer", "dependency", name, "error", err)
			}
			mu.Lock()
			defer mu.Unlock()
			state.Checks[name] = result
		})
	}
	group.Go(func() {
		filled := r.memory(ctx)
		mu.Lock()
		defer mu.Unlock()
		state.Checks["redisMemory"] = filled
	})
	group.Wait()
	all := true
	for name := range checks {
		all = all && state.Checks[name] == "ok"
	}
	if all {
		r.started.Store(true)
	}
	state.Ready = all || (r.started.Load() && state.Checks["redis"] == "ok")
	r.last = state
	if state.Ready {
		r.until = time.Now().Add(fresh)
	}
	return state
}
