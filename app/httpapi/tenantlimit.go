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
	// ofBulk are the requests of ofOthers that read or change very much: each uses the ledger for
	// long, and megabytes of memory until its answer is sent.
	ofBulk
	// ofReports are the requests of ofBulk for reports: an instance works on a few only, for all
	// tenants together.
	ofReports
	// ofExports are the requests of ofBulk with the largest answers, some tens of megabytes until they are sent:
	// an instance has room for a few, for all tenants together.
	ofExports
	// ofLists are the requests of ofOthers whose answers are pages: one of licences has megabytes of metadata
	// at most, and many at once would take all of the instance's memory.
	ofLists
	// ofRefusals are lines of the audit trail about requests that were refused, whatever they were.
	ofRefusals
)

// How many of a tenant's are worked on at once, and how many of its refusals are written: those of
// an hour are mostly one row, at which they wait for each other with a connection to the ledger each.
const (
	bulkAtOnce     = 2
	refusalsAtOnce = 2
	// reportsAtOnce is less than an instance works on, so that one tenant cannot block the reports of
	// others.
	reportsAtOnce = 1
	listsAtOnce   = 4
	exportsAtOnce = 1
	// exportsOfAll is how many an instance works on, for whichever tenants.
	exportsOfAll = 3
)

// everybody replaces the tenant in limits that all tenants share; no tenant has this name.
const everybody = ""

// isList says whether a request asks for a page, or adds to what there are pages of.
func isList(address string) bool {
	leases, err := path.Match("/v1/licenses/*/leases", address)
	return address == pathLicenses || address == pathCredentials || address == pathAudit || leases && err == nil
}

// isReport says whether a request asks for a report.
func isReport(address string) bool {
	// A licence may be called usage.
	usage, err := path.Match("/v1/licenses/*/usage", address)
	return address == pathDenials || usage && err == nil
}

// sharesOf returns the shares that a request needs a slot of. Those of what reads or changes very much come
// first, so that those who wait for it keep nobody else of the tenant out.
func sharesOf(tenant, path string) []share {
	all := make([]share, 0, 4)
	if isReport(path) {
		all = append(all, share{tenant, ofReports})
	}
	if path == pathExport {
		all = append(all, share{tenant, ofExports})
	}
	if isReport(path) || path == pathExport || path == pathErase {
		all = append(all, share{tenant, ofBulk})
	}
	if path == pathExport {
		all = append(all, share{everybody, ofExports})
	}
	if isList(path) {
		all = append(all, share{tenant, ofLists})
	}
	return append(all, shareOf(tenant, path))
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
		case ofReports:
			most = reportsAtOnce
		case ofExports:
			most = exportsAtOnce
			if of.tenant == everybody {
				most = exportsOfAll
			}
		case ofLists:
			most = min(most, listsAtOnce)
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
		for _, one := range sharesOf(tenant, r.URL.Path) {
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
