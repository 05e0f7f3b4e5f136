package server_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// choose draws a device that has a lease, with its holder, or a new one, with any user.
func (m *model) choose(t *rapid.T) (string, app.Principal) {
	if known := slices.Sorted(maps.Keys(m.held)); len(known) > 0 && rapid.Bool().Draw(t, "known") {
		device := rapid.SampledFrom(known).Draw(t, "device")
		return device, m.held[device].who
	}
	m.next++
	return fmt.Sprintf("device-%d", m.next), rapid.SampledFrom(m.users).Draw(t, "user")
}

// holder draws a device that has a lease.
func (m *model) holder(t *rapid.T) (string, holding) {
	if len(m.held) == 0 {
		t.Skip("nobody holds a lease")
	}
	device := rapid.SampledFrom(slices.Sorted(maps.Keys(m.held))).Draw(t, "device")
	return device, m.held[device]
}

// Acquire asks for a seat for a new device, or one that has a lease already.
func (m *model) Acquire(t *rapid.T) {
	device, who := m.choose(t)
	m.ask(t, device, who, m.policy.WhenFull == app.WhenFullTake, func() (app.Grant, error) {
		return m.service.Acquire(context.Background(), who, m.license, device)
	})
}

// Borrow asks for a seat offline, for a new device or one that has a lease already.
func (m *model) Borrow(t *rapid.T) {
	device, who := m.choose(t)
	length := time.Duration(rapid.IntRange(60, 86400).Draw(t, "seconds")) * time.Second
	m.ask(t, device, who, false, func() (app.Grant, error) {
		return m.service.Borrow(context.Background(), who, m.license, device, length)
	})
}

// ask is an acquire, which may take another's seat, or a borrow.
func (m *model) ask(t *rapid.T, device string, who app.Principal, takes bool, call func() (app.Grant, error)) {
	before, had := m.held[device]
	// Asking for the licence loads it, so that there is a time for each seat.
	if _, _, err := m.service.GetLicense(context.Background(), who, m.license); err != nil {
		t.Fatalf("load: %v", err)
	}
	seats, err := m.client.ZRangeWithScores(context.Background(), m.prefix()+"leases", 0, -1).Result()
	if err != nil {
		t.Fatalf("seats: %v", err)
	}
	g, err := call()
	got := m.granted(who, g, before.lent)
	if err == nil {
		m.ended(t, g.Lease.ExpiresAt)
		m.told(t, g)
	}
	switch {
	case had && (err != nil || g.Lease.ID != before.lease || g.New):
		t.Fatalf("a live holder was dropped: %v, lease %q, had %q", err, g.Lease.ID, before.lease)
	case had:
		m.held[device] = got
		m.regrouped(before, got)
	case err == nil:
		if takes {
			m.lostBy(t, got, seats)
		}
		m.allowed(t, got)
		m.held[device] = got
	case !slices.Contains([]app.Code{app.CodeNoSeats, app.CodeUserLimit, app.CodeSeatsReserved}, app.CodeOf(err)):
		t.Fatalf("acquire: %v", err)
	case m.room(who, m.ghosts):
		t.Fatalf("refused with %d of %d seats in use, %d kept, and at most %d ghosts: %v", len(m.held), m.limit, m.kept(""), m.ghosts, err)
	case app.CodeOf(err) == app.CodeUserLimit && (m.policy.UserSeats == 0 || m.of(who.User)+m.ghosts < m.policy.UserSeats):
		t.Fatalf("%s holds %d seats of %d: %v", who.User, m.of(who.User), m.policy.UserSeats, err)
	case takes && m.policy.TakeIdle == 0 && app.CodeOf(err) != app.CodeUserLimit && m.ghosts == 0 && m.excess == 0 && m.takeable(who):
		t.Fatalf("refused with a seat to take: %v", err)
	}
}

// takeable says whether a lease can make room for a user: a floating one of the rest, for
// anybody who may have one of the rest, or of the user's group.
func (m *model) takeable(who app.Principal) bool {
	for _, h := range m.held {
		if h.floating && (h.group == "" || slices.Contains(who.Groups, h.group)) {
			return len(m.held) == m.limit || len(m.held)+m.kept("") == m.limit
		}
	}
	return false
}

// lostBy finds the seat that another device was given: the idlest that could be taken.
func (m *model) lostBy(t *rapid.T, got holding, before []goredis.Z) {
	left, err := m.client.ZRange(context.Background(), m.prefix()+"leases", 0, -1).Result()
	if err != nil {
		t.Fatalf("seats: %v", err)
	}
	byLease := map[string]string{}
	for device, h := range m.held {
		byLease[h.lease] = device
	}
	for _, seat := range before {
		device, known := byLease[seat.Member.(string)]
		if !known {
			continue
		}
		h := m.held[device]
		if slices.Contains(left, h.lease) {
			if gone := m.gone(left, byLease); gone && h.floating && h.group == "" {
				t.Fatalf("another seat than that of %s was taken, which is the idlest", device)
			}
			continue
		}
		if h.borrowed {
			t.Fatalf("a borrowed seat was taken")
		}
		// One that was promised its seat by a longer lease time of before counts as not silent at all.
		if silent := max(0, m.ttl+m.policy.LeaseGrace-time.Until(time.UnixMicro(int64(seat.Score)))); silent < m.policy.TakeIdle {
			t.Fatalf("the seat of %s was taken, which is silent for %s only", device, silent)
		}
		delete(m.held, device)
		delete(byLease, h.lease)
		m.taken[h.lease] = h.who
		return
	}
}

// gone says whether one of the leases is not among those that are left.
func (m *model) gone(left []string, leases map[string]string) bool {
	for lease := range leases {
		if !slices.Contains(left, lease) {
			return true
		}
	}
	return false
}

// ended checks that nothing outlives the licence and its grace.
func (m *model) ended(t *rapid.T, expiry time.Time) {
	last := m.ends.Add(m.policy.Grace + time.Millisecond)
	if !m.ends.IsZero() && expiry.After(last) {
		t.Fatalf("a lease until %s of a licence until %s", expiry, m.ends)
	}
}

// Near brings a lease near its end, or into its grace, as time would: of a borrowed one its
// holder is back.
func (m *model) Near(t *rapid.T) {
	device, h := m.holder(t)
	if _, _, err := m.service.GetLicense(context.Background(), h.who, m.license); err != nil {
		t.Fatalf("load: %v", err)
	}
	soon := goredis.Z{Score: float64(time.Now().Add(30 * time.Second).UnixMicro()), Member: h.lease}
	if err := m.client.ZAddXX(context.Background(), m.prefix()+"leases", soon).Err(); err != nil {
		t.Fatalf("near: %v", err)
	}
	beat, err := m.service.Heartbeat(context.Background(), h.who, h.lease)
	if err != nil || beat.Revived {
		t.Fatalf("a live holder was dropped: %v", err)
	}
	m.beat(&h, beat.ExpiresAt)
	m.held[device] = h
	m.ended(t, beat.ExpiresAt)
	if m.ends.IsZero() && time.Until(beat.ExpiresAt) < m.ttl-time.Minute {
		t.Fatalf("a heartbeat near the end did not keep the lease: %s", time.Until(beat.ExpiresAt))
	}
}

// Limit moves the licence's own end: to none, to before any lease time is over, or, for a
// moment in which nobody gets anything, and keeps something in its grace only, to the past.
func (m *model) Limit(t *rapid.T) {
	update := func(ends time.Time) {
		_, err := m.service.UpdateLicense(context.Background(), m.admin, m.license, app.ActionUpdate, nil, func(l *app.License) { l.ExpiresAt = ends })
		if err != nil {
			t.Fatalf("update: %v", err)
		}
		m.ends = ends
	}
	switch rapid.IntRange(0, 2).Draw(t, "end") {
	case 0:
		update(time.Time{})
	case 1:
		update(time.Now().Add(3 * time.Minute))
	case 2:
		was := m.ends
		update(time.Now().Add(-time.Minute))
		want := app.CodeLicenseExpired
		if m.policy.Grace > 0 {
			want = ""
		}
		for device, h := range m.held {
			renewed, beat := m.service.Heartbeat(context.Background(), h.who, h.lease)
			g, acquire := m.service.Acquire(context.Background(), h.who, m.license, device)
			if app.CodeOf(beat) != want || app.CodeOf(acquire) != want || want == "" && (!renewed.InGrace || !g.InGrace) {
				t.Fatalf("after the licence's end: %v, %v", beat, acquire)
			}
			if want == "" {
				m.held[device] = m.granted(h.who, g, h.lent)
				m.regrouped(h, m.held[device])
			}
		}
		for _, who := range m.users {
			if _, err := m.service.Acquire(context.Background(), who, m.license, "late"); app.CodeOf(err) != app.CodeLicenseExpired {
				t.Fatalf("a new seat after the licence's end: %v", err)
			}
		}
		update(was)
	}
}

// Policy changes what the licence allows: whoever holds a seat keeps it.
func (m *model) Policy(t *rapid.T) {
	m.policy = m.draw(t)
	_, err := m.service.UpdateLicense(context.Background(), m.admin, m.license, app.ActionUpdate, nil, func(l *app.License) { l.Policy = m.policy })
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	// A licence that is counted for the first time is loaded anew.
	m.ghosts = max(m.ghosts, len(m.over)+m.strays(t))
	m.crowded(t)
	m.excess = max(0, len(m.held)+m.kept("")-m.limit)
	m.rebuilt()
	for device, h := range m.held {
		beat, err := m.service.Heartbeat(context.Background(), h.who, h.lease)
		if err != nil {
			t.Fatalf("%s lost its seat to a change of the policy: %v", device, err)
		}
		m.beat(&h, beat.ExpiresAt)
		m.held[device] = h
	}
}

// Heartbeat keeps a live lease, always.
func (m *model) Heartbeat(t *rapid.T) {
	device, h := m.holder(t)
	beat, err := m.service.Heartbeat(context.Background(), h.who, h.lease)
	if err != nil {
		t.Fatalf("a live holder was dropped: %v", err)
	}
	m.beat(&h, beat.ExpiresAt)
	m.held[device] = h
	m.ended(t, beat.ExpiresAt)
}

// Taken sends a heartbeat for a lease whose seat was taken.
func (m *model) Taken(t *rapid.T) {
	if len(m.taken) == 0 {
		t.Skip("no seat was taken")
	}
	lease := rapid.SampledFrom(slices.Sorted(maps.Keys(m.taken))).Draw(t, "lease")
	if _, err := m.service.Heartbeat(context.Background(), m.taken[lease], lease); app.CodeOf(err) != app.CodeLeaseTaken {
		t.Fatalf("whose seat was taken is not told: %v", err)
	}
}

// Late sends a heartbeat for a lease that is over.
func (m *model) Late(t *rapid.T) {
	if len(m.over) == 0 {
		t.Skip("no lease is over")
	}
	lease := rapid.SampledFrom(slices.Sorted(maps.Keys(m.over))).Draw(t, "lease")
	was := m.over[lease]
	device := was.device
	beat, err := m.service.Heartbeat(context.Background(), was.who, lease)
	_, newer := m.held[device]
	switch {
	case err == nil && newer:
		t.Fatalf("one device has two leases")
	case err == nil:
		delete(m.over, lease)
		h := holding{lease: lease, who: was.who, group: m.reserved(t, lease), lent: true}
		switch {
		case beat.Revived:
			m.allowed(t, h)
		case m.ghosts == 0:
			t.Fatalf("%s had a seat though its time was over", device)
		default:
			// It had its seat all the time, since a loss.
			m.ghosts--
		}
		m.held[device] = h
		m.excess = max(m.excess, len(m.held)+m.kept("")-m.limit)
	case app.CodeOf(err) == app.CodeLeaseTaken && m.takenGhost(t, lease):
	case m.room(was.who, m.ghosts) && !newer:
		t.Fatalf("not revived with %d of %d seats in use: %v", len(m.held), m.limit, err)
	}
}

// reserved is the group whose reserved seat a lease has, as administrators see it.
func (m *model) reserved(t *rapid.T, lease string) string {
	for _, l := range m.open(t) {
		if l.ID == lease {
			return l.Reservation
		}
	}
	return ""
}

// Release gives a seat back.
func (m *model) Release(t *rapid.T) {
	device, h := m.holder(t)
	if err := m.service.Release(context.Background(), h.who, h.lease); err != nil {
		t.Fatalf("release: %v", err)
	}
	delete(m.held, device)
}

// Expire lets the time of a lease run out.
func (m *model) Expire(t *rapid.T) {
	device, h := m.holder(t)
	// A lease that is not loaded cannot run out: asking for the licence loads it.
	if _, _, err := m.service.GetLicense(context.Background(), h.who, m.license); err != nil {
		t.Fatalf("load: %v", err)
	}
	if err := m.client.ZAddXX(context.Background(), m.prefix()+"leases", goredis.Z{Score: 1, Member: h.lease}).Err(); err != nil {
		t.Fatalf("expire: %v", err)
	}
	delete(m.held, device)
	m.over[h.lease] = past{device: device, who: h.who}
}

// Reap is the housekeeping.
func (m *model) Reap(t *rapid.T) {
	if err := m.service.Reap(context.Background()); err != nil {
		t.Fatalf("reap: %v", err)
	}
}
