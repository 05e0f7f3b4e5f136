package httpapi

import (
	"context"
	"net/http"
	"path"
	"strings"
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
	slots map[share]*tenantSlots
}

// share is what is limited. Heartbeats and releases go on while the ledger is away, so
// requests that wait for it must not take their place.
type share struct {
	tenant string
	of     class
}

type class byte

const (
	ofOthers class = iota
	ofHeartbeats
	ofReleases
	// ofBulk are those of ofOthers that read or change very much: each takes the ledger for long, and
	// megabytes of memory until its answer is sent.
	ofBulk
	// ofRefusals are lines of the audit trail about requests that were refused, whatever they were.
	ofRefusals
)

// How many of a tenant's are worked on at once, and how many of its refusals are written: those of
// an hour are mostly one row, at which they wait for each other with a connection to the ledger each.
const (
	bulkAtOnce     = 2
	refusalsAtOnce = 2
)

// bulk says whether a request reads or changes very much.
func bulk(address string) bool {
	// A licence may be called usage.
	usage, err := path.Match("/v1/licenses/*/usage", address)
	return address == pathExport || address == pathErase || address == pathDenials || usage && err == nil
}

// shareOf returns the share that a request belongs to.
func shareOf(tenant, path string) share {
	switch {
	case strings.HasSuffix(path, "/heartbeat"):
		return share{tenant, ofHeartbeats}
	case strings.HasSuffix(path, "/release"), strings.HasSuffix(path, "/force-release"):
		return share{tenant, ofReleases}
	}
	return share{tenant, ofOthers}
}

// tenantSlots are the slots of one share, kept while somebody has or wants one.
type tenantSlots struct {
	limit *tenantLimit
	share share
	taken chan struct{}
	users int
}

func newTenantLimit(most int) *tenantLimit {
	return &tenantLimit{most: most, wait: time.Second, slots: map[share]*tenantSlots{}}
}

// enter waits for a slot, which has to be left. CodeTooManyRequests when none becomes
// free.
func (t *tenantLimit) enter(ctx context.Context, of share) (*tenantSlots, error) {
	t.mu.Lock()
	slots, found := t.slots[of]
	if !found {
		most := t.most
		switch of.of {
		case ofBulk:
			most = min(most, bulkAtOnce)
		case ofRefusals:
			most = min(most, refusalsAtOnce)
		}
		slots = &tenantSlots{limit: t, share: of, taken: make(chan struct{}, most)}
		t.slots[of] = slots
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
		delete(s.limit.slots, s.share)
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
		shares := []share{shareOf(tenant, r.URL.Path)}
		if bulk(r.URL.Path) {
			// First, so that those who wait keep nobody else of the tenant out.
			shares = append([]share{{tenant, ofBulk}}, shares...)
		}
		for _, one := range shares {
			slots, err := t.enter(r.Context(), one)
			if err != nil {
				writeProblem(w, r, err)
				return
			}
			defer slots.leave()
		}
		next.ServeHTTP(w, r)
	})
}
