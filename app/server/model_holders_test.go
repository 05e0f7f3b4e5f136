package server_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coditect-ai/license-platform/app"
)

// modelSigner remembers what it signed last, and refuses to sign when it is told to.
type modelSigner struct {
	refuses atomic.Bool
	signed  atomic.Pointer[app.Claims]
}

func (s *modelSigner) Sign(_ context.Context, claims app.Claims) (string, error) {
	s.signed.Store(&claims)
	if s.refuses.Load() {
		return "", unavailableKey()
	}
	return "token", nil
}

// told checks that the token of a grant says what its answer says, and names the licence's
// features.
func (m *model) told(t *rapid.T, g app.Grant) {
	claims := m.signer.signed.Load()
	switch {
	case claims.Lease != g.Lease.ID || claims.Expires != g.Lease.ExpiresAt.Unix() || claims.IssuedAt != g.Lease.GrantedAt.Unix() || claims.Kind != g.Lease.Kind:
		t.Fatalf("the token says %+v, and the answer %+v", claims, g.Lease)
	case g.Lease.Kind == app.KindFloating && g.Lease.ExpiresAt.Sub(g.Lease.GrantedAt) > m.ttl:
		t.Fatalf("a lease of %s, and a lease time of %s", g.Lease.ExpiresAt.Sub(g.Lease.GrantedAt), m.ttl)
	case !slices.Equal(claims.Features, m.policy.Features):
		t.Fatalf("the token has the features %v, and the licence %v", claims.Features, m.policy.Features)
	}
}

// keep checks that everybody who was promised a seat has it.
func (m *model) keep(t *rapid.T) {
	for device, h := range m.held {
		beat, err := m.service.Heartbeat(context.Background(), h.who, h.lease)
		if err != nil || beat.Revived {
			t.Fatalf("%s was dropped: %v", device, err)
		}
		m.beat(&h, beat.ExpiresAt)
		m.held[device] = h
	}
}

// Unsigned asks for a seat while the key does not sign: nobody gets one, and nobody loses one.
func (m *model) Unsigned(t *rapid.T) {
	m.next++
	device := fmt.Sprintf("device-%d", m.next)
	m.signer.refuses.Store(true)
	_, err := m.service.Acquire(context.Background(), rapid.SampledFrom(m.users).Draw(t, "user"), m.license, device)
	m.signer.refuses.Store(false)
	if err == nil {
		t.Fatalf("a grant without a token")
	}
	m.keep(t)
}

// Force lets an administrator take a lease away, borrowed or not.
func (m *model) Force(t *rapid.T) {
	device, h := m.holder(t)
	if err := m.service.ForceRelease(context.Background(), m.admin, h.lease); err != nil {
		t.Fatalf("force-release: %v", err)
	}
	delete(m.held, device)
	m.forced[h.lease] = h.who
}

// Forced sends a heartbeat for a lease that was taken away.
func (m *model) Forced(t *rapid.T) {
	if len(m.forced) == 0 {
		t.Skip("no lease was taken away")
	}
	lease := rapid.SampledFrom(slices.Sorted(maps.Keys(m.forced))).Draw(t, "lease")
	if _, err := m.service.Heartbeat(context.Background(), m.forced[lease], lease); app.CodeOf(err) != app.CodeLeaseEnded {
		t.Fatalf("a lease that was taken away is not over: %v", err)
	}
}

// refused checks that nobody gets or keeps anything, for a reason, and may give back all the same.
func (m *model) refused(t *rapid.T, code app.Code) {
	ctx := context.Background()
	for device, h := range m.held {
		if _, err := m.service.Heartbeat(ctx, h.who, h.lease); app.CodeOf(err) != code {
			t.Fatalf("heartbeat of %s: %v instead of %s", device, err, code)
		}
	}
	device, who := m.choose(t)
	if _, err := m.service.Acquire(ctx, who, m.license, device); app.CodeOf(err) != code {
		t.Fatalf("acquire of %s: %v instead of %s", device, err, code)
	}
	if len(m.held) > 0 && rapid.Bool().Draw(t, "release") {
		m.Release(t)
	}
}

// Suspend suspends the licence and reinstates it: who held a seat has it again.
func (m *model) Suspend(t *rapid.T) {
	set := func(action app.Action, status app.Status) {
		if _, err := m.service.UpdateLicense(context.Background(), m.admin, m.license, action, nil, func(l *app.License) { l.Status = status }); err != nil {
			t.Fatalf("%s: %v", action, err)
		}
	}
	set(app.ActionSuspend, app.StatusSuspended)
	if rapid.Bool().Draw(t, "lose") {
		m.Lose(t)
	}
	m.refused(t, app.CodeLicenseSuspended)
	set(app.ActionReinstate, app.StatusActive)
	m.keep(t)
}

// SuspendTenant suspends the tenant, which housekeeping notices, and reinstates it.
func (m *model) SuspendTenant(t *rapid.T, tb testing.TB) {
	set := func(status string) {
		m.w.postgres.Admin(tb, `UPDATE licensing.tenant SET status = '`+status+`' WHERE id = '`+m.admin.Tenant+`'`)
		m.Reap(t)
	}
	set("suspended")
	m.refused(t, app.CodeTenantSuspended)
	set("active")
	m.keep(t)
}

// Stranger is a service credential for another licence, and one that nobody could check.
func (m *model) Stranger(t *rapid.T) {
	ctx := context.Background()
	device, h := m.holder(t)
	stranger, unchecked := h.who, h.who
	stranger.Licenses, unchecked.Unchecked = []string{"another"}, true
	_, beat := m.service.Heartbeat(ctx, stranger, h.lease)
	_, acquire := m.service.Acquire(ctx, stranger, m.license, device)
	for _, err := range []error{beat, acquire, m.service.Release(ctx, stranger, h.lease)} {
		if app.CodeOf(err) != app.CodeNotForLicense {
			t.Fatalf("a credential for another licence: %v", err)
		}
	}
	if _, err := m.service.Acquire(ctx, unchecked, m.license, device); app.CodeOf(err) != app.CodeUnavailable {
		t.Fatalf("a credential that nobody could check gets a seat: %v", err)
	}
	renewed, err := m.service.Heartbeat(ctx, unchecked, h.lease)
	if err != nil {
		t.Fatalf("a credential that nobody could check loses its seat: %v", err)
	}
	m.beat(&h, renewed.ExpiresAt)
	m.held[device] = h
}

// Erase forgets a user: the user's leases are over, and nothing of the user is left.
func (m *model) Erase(t *rapid.T, tb testing.TB) {
	who := rapid.SampledFrom(m.users).Draw(t, "user")
	if _, err := m.service.Erase(context.Background(), m.admin, who.User); err != nil {
		t.Fatalf("erase: %v", err)
	}
	maps.DeleteFunc(m.held, func(_ string, h holding) bool { return h.who.User == who.User })
	maps.DeleteFunc(m.over, func(_ string, p past) bool { return p.who.User == who.User })
	for _, ended := range []map[string]app.Principal{m.taken, m.forced} {
		maps.DeleteFunc(ended, func(_ string, p app.Principal) bool { return p.User == who.User })
	}
	left := m.w.postgres.Count(tb, `SELECT (SELECT count(*) FROM licensing.lease WHERE tenant_id = $1 AND user_id = $2) + (SELECT count(*) FROM licensing.audit WHERE tenant_id = $1 AND user_id = $2)`, m.admin.Tenant, who.User)
	if left > 0 {
		t.Fatalf("%d rows of %s are left", left, who.User)
	}
	m.keep(t)
}

// Revoke revokes another licence of the tenant while its seats are held, whatever else is asked
// for or lost beside it: nobody has a seat afterwards, and nothing brings one back.
func (m *model) Revoke(t *rapid.T) {
	ctx := context.Background()
	m.next++
	id := fmt.Sprintf("revoked-%d", m.next)
	if _, err := m.service.CreateLicense(ctx, m.admin, app.License{ID: id, Product: "coditect-ide", Seats: 3, MaxBorrow: 24 * time.Hour, Policy: app.Policy{Grace: time.Hour}}); err != nil {
		t.Fatalf("create: %v", err)
	}
	people := m.users[:len(m.users)-1] // the last one is a service credential, for the model's licence
	leases := map[string]app.Principal{}
	for i := range rapid.IntRange(1, 3).Draw(t, "holders") {
		who := rapid.SampledFrom(people).Draw(t, "user")
		device := fmt.Sprintf("device-%d", i)
		grant := func() (app.Grant, error) { return m.service.Acquire(ctx, who, id, device) }
		if rapid.Bool().Draw(t, "borrow") {
			grant = func() (app.Grant, error) { return m.service.Borrow(ctx, who, id, device, time.Hour) }
		}
		g, err := grant()
		if err != nil {
			t.Fatalf("grant: %v", err)
		}
		leases[g.Lease.ID] = who
	}
	set := func(action app.Action, status app.Status) error {
		_, err := m.service.UpdateLicense(ctx, m.admin, id, action, nil, func(l *app.License) { l.Status = status })
		return err
	}
	revoke := func() error { return set(app.ActionRevoke, app.StatusRevoked) }
	var group sync.WaitGroup
	if rapid.Bool().Draw(t, "at once") {
		// What is granted in the moment of the revocation is over with the others.
		who := rapid.SampledFrom(people).Draw(t, "user")
		group.Go(func() { _, _ = m.service.Acquire(ctx, who, id, "another") })
		group.Go(func() { _ = set(app.ActionSuspend, app.StatusSuspended) })
	}
	if err := revoke(); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	group.Wait()
	if rapid.Bool().Draw(t, "lose") {
		m.Lose(t)
	}
	if err := revoke(); err != nil {
		t.Fatalf("revoked again: %v", err)
	}
	for _, lease := range slices.Sorted(maps.Keys(leases)) {
		if _, err := m.service.Heartbeat(ctx, leases[lease], lease); app.CodeOf(err) != app.CodeLicenseRevoked {
			t.Fatalf("a heartbeat for a revoked licence: %v", err)
		}
		if rapid.Bool().Draw(t, "release") {
			if err := m.service.Release(ctx, leases[lease], lease); err != nil {
				t.Fatalf("a release for a revoked licence: %v", err)
			}
		}
	}
	_, acquire := m.service.Acquire(ctx, people[0], id, "device-0")
	_, borrow := m.service.Borrow(ctx, people[0], id, "device-9", time.Hour)
	for _, err := range []error{acquire, borrow, set(app.ActionReinstate, app.StatusActive), set(app.ActionUpdate, app.StatusActive), set(app.ActionSuspend, app.StatusSuspended)} {
		if app.CodeOf(err) != app.CodeLicenseRevoked {
			t.Fatalf("what a revoked licence allows: %v", err)
		}
	}
}
