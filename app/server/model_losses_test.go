package server_test

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"pgregory.net/rapid"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Lose empties the live store, or leaves it as another server process, or the program of
// before, would.
func (m *model) Lose(t *rapid.T) {
	ctx := context.Background()
	var err error
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		err = m.client.FlushAll(ctx).Err()
	case 1:
		// What a restored snapshot looks like: keys of an earlier process, and holders
		// that it does not know.
		err = m.client.HSet(ctx, m.prefix()+"state", "run", "0000").Err()
		if err == nil && rapid.Bool().Draw(t, "older") {
			err = m.client.Del(ctx, m.prefix()+"leases", m.prefix()+"holders").Err()
		}
	case 2:
		// The program of before has loaded it: it leaves the index behind, and does not say so.
		if err = m.client.HDel(ctx, m.prefix()+"state", "indexed", "limited", "finish", "grace", "users", "reserved", "take").Err(); err == nil {
			err = m.client.ZAdd(ctx, m.prefix()+"index", goredis.Z{Member: "u00:stale_lease"}).Err()
		}
		if err == nil {
			// Whoever configures it next finds that out.
			_, err = m.service.UpdateLicense(ctx, m.admin, m.license, app.ActionUpdate, nil, func(*app.License) {})
		}
	}
	if err != nil {
		t.Fatalf("lose: %v", err)
	}
	m.ghosts = len(m.over) + m.strays(t)
	m.crowded(t)
	m.rebuilt()
}

// crowded notes that every lease that is open in the ledger may have a seat, be there so many seats
// or not: a load of the live state cannot know which of them are over.
func (m *model) crowded(t *rapid.T) { m.surplus = max(m.surplus, len(m.open(t))-m.limit) }

// open are the open leases of the ledger.
func (m *model) open(t *rapid.T) []app.Lease {
	open, err := m.service.Leases(context.Background(), m.admin, m.license, "", app.MaxPage)
	if err != nil {
		t.Fatalf("leases: %v", err)
	}
	return open
}

// strays is how many open leases of the ledger nobody was told of: a request that lost its seat to a
// loss in between leaves one, until housekeeping finds that it holds none for half a minute.
func (m *model) strays(t *rapid.T) (n int) {
	known := map[string]bool{}
	for _, h := range m.held {
		known[h.lease] = true
	}
	for _, l := range m.open(t) {
		if _, over := m.over[l.ID]; !over && !known[l.ID] {
			n++
		}
	}
	return n
}

// rebuilt notes what is not certain any more when the live state was made anew.
func (m *model) rebuilt() {
	for device, h := range m.held {
		if h.lent {
			h.borrowed, h.floating = false, false
			m.held[device] = h
		}
	}
}

// granted is what a holder was told.
func (m *model) granted(who app.Principal, g app.Grant, lent bool) holding {
	borrowed := g.Lease.Kind == app.KindBorrowed
	return holding{lease: g.Lease.ID, who: who, group: g.Lease.Reservation, borrowed: borrowed, floating: !borrowed, lent: lent || borrowed}
}

// Race lets many new devices ask at the same time, while the state may be lost.
func (m *model) Race(t *rapid.T) {
	lose := rapid.Bool().Draw(t, "lose")
	var mu sync.Mutex
	var group sync.WaitGroup
	before := maps.Clone(m.held)
	for i := range 2 * m.limit {
		m.next++
		device, who := fmt.Sprintf("device-%d", m.next), m.users[i%len(m.users)]
		group.Go(func() {
			g, err := m.service.Acquire(context.Background(), who, m.license, device)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				m.held[device] = m.granted(who, g, false)
			}
		})
	}
	if lose {
		group.Go(func() { _ = m.client.FlushAll(context.Background()).Err() })
		m.ghosts = len(m.over)
	}
	group.Wait()
	if lose {
		m.rebuilt()
		m.crowded(t)
	}
	m.survivors(t)
	for _, who := range m.users {
		had := 0
		for _, h := range before {
			if h.who.User == who.User {
				had++
			}
		}
		if each := m.policy.UserSeats; each > 0 && m.of(who.User) > max(each, had) {
			t.Fatalf("%s had %d seats, and holds %d of at most %d", who.User, had, m.of(who.User), each)
		}
	}
	if !m.policy.Limited() && len(m.held)+m.ghosts < m.limit && !lose {
		t.Fatalf("%d racers got only %d of %d seats", 2*m.limit, len(m.held), m.limit)
	}
	if lose {
		// A racer that was refused after its reservation may leave a seat taken.
		m.ghosts = m.limit + len(m.over)
	}
}

// survivors finds out whose seat was taken in a race.
func (m *model) survivors(t *rapid.T) {
	if m.policy.WhenFull != app.WhenFullTake {
		return
	}
	for device, h := range m.held {
		beat, err := m.service.Heartbeat(context.Background(), h.who, h.lease)
		switch {
		case err == nil:
			m.beat(&h, beat.ExpiresAt)
			m.held[device] = h
		case app.CodeOf(err) == app.CodeLeaseTaken && !h.borrowed:
			delete(m.held, device)
			m.taken[h.lease] = h.who
		default:
			t.Fatalf("%s was dropped in a race: %v", device, err)
		}
	}
}
