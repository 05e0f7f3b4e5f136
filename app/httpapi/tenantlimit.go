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

// tenantSlots are one tenant's slots, kept while somebody has or wants one.
type tenantSlots struct {
	limit  *tenantLimit
	tenant string
	taken  chan struct{}
	users  int
}

func newTenantLimit(most int) *tenantLimit {
	return &tenantLimit{most: most, wait: time.Second, slots: map[string]*tenantSlots{}}
}

// enter waits for a slot, which has to be left. CodeTooManyRequests when none becomes
// free.
func (t *tenantLimit) enter(ctx context.Context, tenant string) (*tenantSlots, error) {
	t.mu.Lock()
	slots, found := t.slots[tenant]
	if !found {
		slots = &tenantSlots{limit: t, tenant: tenant, taken: make(chan struct{}, t.most)}
		t.slots[tenant] = slots
	}
	slots.users++
	t.mu.Unlock()

	select {
	case slots.taken <- struct{}{}:
		return slots, nil
	default:
	}
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	select {
	case slots.taken <- struct{}{}:
		return slots, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	slots.forget()
	return nil, &app.Error{Code: app.CodeTooManyRequests, Detail: "the tenant has too many requests under way", RetryAfter: time.Second}
}

// leave gives the slot back.
func (s *tenantSlots) leave() {
	<-s.taken
	s.forget()
}

func (s *tenantSlots) forget() {
	s.limit.mu.Lock()
	defer s.limit.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(s.limit.slots, s.tenant)
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
		slots, err := t.enter(r.Context(), tenant)
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		defer slots.leave()
		next.ServeHTTP(w, r)
	})
}
