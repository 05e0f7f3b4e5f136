package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// tenantLimit keeps one tenant from taking all of the service: so many requests at
// once, and a short wait for the rest.
type tenantLimit struct {
	most int
	wait time.Duration

	mu    sync.Mutex
	slots map[string]*tenantSlots
}

type tenantSlots struct {
	free  chan struct{}
	users int
}

func newTenantLimit(most int) *tenantLimit {
	return &tenantLimit{most: most, wait: time.Second, slots: map[string]*tenantSlots{}}
}

// enter waits for a slot; leave has to be called when it was given.
func (t *tenantLimit) enter(ctx context.Context, tenant string) (leave func(), ok bool) {
	t.mu.Lock()
	slots, found := t.slots[tenant]
	if !found {
		slots = &tenantSlots{free: make(chan struct{}, t.most)}
		t.slots[tenant] = slots
	}
	slots.users++
	t.mu.Unlock()

	leave = func() {
		<-slots.free
		t.forget(tenant, slots)
	}
	select {
	case slots.free <- struct{}{}:
		return leave, true
	default:
	}
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	select {
	case slots.free <- struct{}{}:
		return leave, true
	case <-timer.C:
	case <-ctx.Done():
	}
	t.forget(tenant, slots)
	return nil, false
}

func (t *tenantLimit) forget(tenant string, slots *tenantSlots) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slots.users--; slots.users == 0 {
		delete(t.slots, tenant)
	}
}

// handler applies the limit to authenticated requests.
func (t *tenantLimit) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant := requestOf(r.Context()).who.Tenant
		if tenant == "" {
			next.ServeHTTP(w, r)
			return
		}
		leave, ok := t.enter(r.Context(), tenant)
		if !ok {
			writeProblem(w, r, &app.Error{Code: app.CodeTooManyRequests, Detail: "the tenant has too many requests under way", RetryAfter: time.Second})
			return
		}
		defer leave()
		next.ServeHTTP(w, r)
	})
}
