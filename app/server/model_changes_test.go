package server_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/coditect-ai/license-platform/app"
)

// Regroup changes the groups of a user, as the next identity token says: what the user holds
// counts as before until its device acquires again.
func (m *model) Regroup(t *rapid.T) {
	i := rapid.IntRange(0, len(m.users)-2).Draw(t, "user") // the last one is a service credential
	m.users[i].Groups = rapid.SampledFrom([][]string{nil, {"staff"}, {"devs"}, {"qa"}, {"qa", "devs"}}).Draw(t, "groups")
	who := m.users[i]
	for device, h := range m.held {
		if h.who.User == who.User {
			h.who = who
			m.held[device] = h
		}
	}
	for lease, p := range m.over {
		if p.who.User == who.User {
			p.who = who
			m.over[lease] = p
		}
	}
}

// regrouped notes that a seat counts to another group than before, whose reserved seat is free then, be
// there a seat or not.
func (m *model) regrouped(before, now holding) {
	if before.group != now.group {
		m.excess = max(m.excess, len(m.held)+m.kept("")-m.limit)
	}
}

// Resize changes how many seats there are, and the lease time: whoever holds a seat keeps it.
func (m *model) Resize(t *rapid.T) {
	kept := 0
	for _, r := range m.policy.Reservations {
		kept += r.Seats
	}
	seats := rapid.IntRange(max(1, kept), max(6, kept)).Draw(t, "seats")
	overage := rapid.SampledFrom([]float64{1, 1.5, 2}).Draw(t, "overage")
	ttl := rapid.SampledFrom([]time.Duration{5 * time.Minute, 10 * time.Minute}).Draw(t, "ttl")
	license, err := m.service.UpdateLicense(context.Background(), m.admin, m.license, app.ActionUpdate, nil, func(l *app.License) {
		l.Seats, l.Overage = seats, overage
		l.SetLeaseTTL(ttl)
	})
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	m.seats, m.limit, m.ttl = license.Seats, license.Limit(), ttl
	m.most = max(m.most, m.limit)
	m.crowded(t)
	m.excess = max(0, len(m.held)+m.kept("")-m.limit)
	m.keep(t)
}

// Foreign asks for a device that another user holds.
func (m *model) Foreign(t *rapid.T) {
	device, h := m.holder(t)
	who := rapid.SampledFrom(m.users).Draw(t, "user")
	if who.User == h.who.User {
		t.Skip("it is the holder")
	}
	ctx := context.Background()
	_, acquire := m.service.Acquire(ctx, who, m.license, device)
	_, borrow := m.service.Borrow(ctx, who, m.license, device, time.Hour)
	_, beat := m.service.Heartbeat(ctx, who, h.lease)
	for _, err := range []error{acquire, borrow, beat, m.service.Release(ctx, who, h.lease)} {
		if app.CodeOf(err) != app.CodeNotHolder {
			t.Fatalf("another user's device: %v", err)
		}
	}
}

// Unnamed asks for a seat without a device: each is a new one.
func (m *model) Unnamed(t *rapid.T) {
	who := rapid.SampledFrom(m.users).Draw(t, "user")
	if m.policy.WhenFull == app.WhenFullTake {
		t.Skip("whose seat is taken is the business of Acquire")
	}
	g, err := m.service.Acquire(context.Background(), who, m.license, "")
	switch {
	case err == nil && !g.New:
		t.Fatalf("a device without a name had a lease")
	case err == nil:
		got := m.granted(who, g, false)
		m.allowed(t, got)
		m.held[g.Lease.Fingerprint] = got
	case m.room(who, m.ghosts):
		t.Fatalf("refused with %d of %d seats in use: %v", len(m.held), m.limit, err)
	}
}

// Failed asks for what a device holds while the key does not sign, or the ledger does not
// write: whatever it was, it is still held.
func (m *model) Failed(t *rapid.T) {
	device, h := m.holder(t)
	borrow := rapid.Bool().Draw(t, "borrow")
	unwritten := rapid.Bool().Draw(t, "unwritten")
	if unwritten {
		m.ledger.beforeGrant = func() error { return app.Unavailable("ledger", context.DeadlineExceeded) }
	} else {
		m.signer.refuses.Store(true)
	}
	var err error
	if borrow {
		_, err = m.service.Borrow(context.Background(), h.who, m.license, device, time.Hour)
	} else {
		_, err = m.service.Acquire(context.Background(), h.who, m.license, device)
	}
	m.signer.refuses.Store(false)
	m.ledger.beforeGrant = nil
	if app.CodeOf(err) != app.CodeUnavailable {
		t.Fatalf("a grant without a token or a row: %v", err)
	}
	h.borrowed, h.floating, h.lent = false, false, h.lent || borrow
	h.group = m.reserved(t, h.lease)
	m.held[device] = h
	m.excess = max(m.excess, len(m.held)+m.kept("")-m.limit)
	m.keep(t)
}

// Lost asks for a seat whose answer is lost behind the ledger, and asks again.
func (m *model) Lost(t *rapid.T) {
	device, who := m.choose(t)
	if m.policy.WhenFull == app.WhenFullTake {
		t.Skip("whose seat is taken is the business of Acquire")
	}
	before, had := m.held[device]
	m.ledger.afterGrant = func() error { return app.Unavailable("ledger", context.DeadlineExceeded) }
	_, err := m.service.Acquire(context.Background(), who, m.license, device)
	written := m.ledger.afterGrant == nil
	m.ledger.afterGrant = nil
	if err == nil {
		t.Fatalf("no error")
	}
	g, err := m.service.Acquire(context.Background(), who, m.license, device)
	switch {
	case err == nil && had && g.Lease.ID != before.lease:
		t.Fatalf("a live holder was dropped")
	case err == nil:
		got := m.granted(who, g, before.lent)
		if !had {
			m.allowed(t, got)
		}
		m.held[device] = got
		m.excess = max(m.excess, len(m.held)+m.kept("")-m.limit)
	case had || written:
		t.Fatalf("asked again, it is refused (written: %v): %v", written, err)
	}
}

// ReleaseOver gives a lease back whose time is over, or lets an administrator take it: it does
// not come back.
func (m *model) ReleaseOver(t *rapid.T) {
	if len(m.over) == 0 {
		t.Skip("no lease is over")
	}
	lease := rapid.SampledFrom(slices.Sorted(maps.Keys(m.over))).Draw(t, "lease")
	was := m.over[lease]
	var err error
	if rapid.Bool().Draw(t, "forced") {
		err = m.service.ForceRelease(context.Background(), m.admin, lease)
	} else {
		err = m.service.Release(context.Background(), was.who, lease)
	}
	if err != nil {
		t.Fatalf("a release of what is over: %v", err)
	}
	if !m.takenGhost(t, lease) {
		delete(m.over, lease)
		m.forced[lease] = was.who
	}
}

// takenGhost notes that a lease is over for good already: a loss gave it a seat once more, and another device was
// given that.
func (m *model) takenGhost(t *rapid.T, lease string) bool {
	found, err := m.ledger.Lease(context.Background(), m.admin.Tenant, lease)
	if err != nil {
		t.Fatalf("lease: %v", err)
	}
	if found.Reason != app.ReasonTaken {
		return false
	}
	m.taken[lease] = m.over[lease].who
	delete(m.over, lease)
	return true
}

// Crowd lets all devices do something at the same time, while an administrator changes the
// policy, or the live state is lost.
func (m *model) Crowd(t *rapid.T) {
	ctx := context.Background()
	var mu sync.Mutex
	var group sync.WaitGroup
	var failures []string
	fail := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, fmt.Sprintf(format, args...))
	}
	takes := m.policy.WhenFull == app.WhenFullTake
	taken := func(err error) bool {
		return takes && slices.Contains([]app.Code{app.CodeLeaseTaken, app.CodeLeaseEnded}, app.CodeOf(err))
	}
	before := maps.Clone(m.held)
	devices := slices.Sorted(maps.Keys(before))
	after := map[string]holding{}
	for _, device := range devices {
		h := before[device]
		switch rapid.SampledFrom([]string{"beat", "acquire", "borrow", "release"}).Draw(t, "does") {
		case "beat":
			group.Go(func() {
				if _, err := m.service.Heartbeat(ctx, h.who, h.lease); err != nil && !taken(err) {
					fail("heartbeat of %s: %v", device, err)
				}
				h.borrowed, h.floating = false, false
				mu.Lock()
				defer mu.Unlock()
				after[device] = h
			})
		case "acquire", "borrow":
			length := time.Duration(rapid.IntRange(0, 1).Draw(t, "hours")) * time.Hour
			group.Go(func() {
				var g app.Grant
				var err error
				if length > 0 {
					g, err = m.service.Borrow(ctx, h.who, m.license, device, length)
				} else {
					g, err = m.service.Acquire(ctx, h.who, m.license, device)
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && g.Lease.ID != h.lease && !takes:
					failures = append(failures, "another lease for "+device)
				case err == nil:
					got := m.granted(h.who, g, h.lent || length > 0)
					got.borrowed, got.floating = false, false
					after[device] = got
				case !takes:
					failures = append(failures, fmt.Sprintf("acquire of %s: %v", device, err))
				}
			})
		case "release":
			group.Go(func() {
				if err := m.service.Release(ctx, h.who, h.lease); err != nil {
					fail("release of %s: %v", device, err)
				}
			})
		}
	}
	for i := range m.limit {
		m.next++
		device, who := fmt.Sprintf("device-%d", m.next), m.users[i%len(m.users)]
		group.Go(func() {
			if g, err := m.service.Acquire(ctx, who, m.license, device); err == nil {
				mu.Lock()
				defer mu.Unlock()
				after[device] = m.granted(who, g, false)
			}
		})
	}
	lose := rapid.Bool().Draw(t, "lose")
	if lose {
		group.Go(func() { _ = m.client.FlushAll(ctx).Err() })
	}
	if rapid.Bool().Draw(t, "reap") {
		group.Go(func() { _ = m.service.Reap(ctx) })
	}
	group.Wait()
	if len(failures) > 0 {
		t.Fatalf("%v", failures)
	}
	m.held = after
	if lose {
		m.rebuilt()
		m.crowded(t)
		m.ghosts = m.limit + len(m.over)
	}
	m.survivors(t)
	for device, h := range m.held {
		beat, err := m.service.Heartbeat(ctx, h.who, h.lease)
		if err != nil || beat.Revived {
			t.Fatalf("%s was dropped in a crowd: %v", device, err)
		}
	}
	m.excess = max(m.excess, len(m.held)+m.kept("")-m.limit)
}
