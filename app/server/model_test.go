package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
	"github.com/coditect-ai/license-platform/app/redis"
)

// unsigned is a signer for tests that are not about tokens.
type unsigned struct{}

func (unsigned) Sign(context.Context, app.Claims) (string, error) { return "token", nil }

// service is the domain over the real stores, without HTTP.
func (w *world) service(t testing.TB) *app.Service {
	t.Helper()
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return app.New(app.Dependencies{
		Ledger: w.ledger(t), Seats: redis.NewSeats(client, func(string, time.Duration, error) {}), Signer: unsigned{},
		Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Issuer: "https://licenses.coditect.ai", Now: time.Now,
	})
}

// model is what must be true of one licence, kept beside the real thing.
type model struct {
	w       *world
	service *app.Service
	client  *goredis.Client
	who     app.Principal
	admin   app.Principal
	license string
	limit   int
	next    int
	// held are the leases whose holders were told that they have a seat, and whose
	// time is not over: device -> lease.
	held map[string]string
	// over are leases whose time is over: lease -> device.
	over map[string]string
	// ends is the licence's own end, zero for none.
	ends time.Time
	// ghosts bounds the leases that were over when the live state was lost: they may
	// keep a seat for one more lease time, which is the safe side.
	ghosts int
}

func (m *model) prefix() string { return "seats:{" + m.who.Tenant + "/" + m.license + "}:" }

// check holds after every step.
func (m *model) check(t *rapid.T) {
	if len(m.held) > m.limit {
		t.Fatalf("oversold: %d holders of %d seats", len(m.held), m.limit)
	}
}

// Acquire asks for a seat for a new device, or one that has a lease already.
func (m *model) Acquire(t *rapid.T) {
	device := fmt.Sprintf("device-%d", m.next)
	if known := slices.Sorted(maps.Keys(m.held)); len(known) > 0 && rapid.Bool().Draw(t, "known") {
		device = rapid.SampledFrom(known).Draw(t, "device")
	} else {
		m.next++
	}
	m.ask(t, device, func() (app.Grant, error) {
		return m.service.Acquire(context.Background(), m.who, m.license, device)
	})
}

// Borrow asks for a seat offline, for a new device or one that has a lease already.
func (m *model) Borrow(t *rapid.T) {
	device := fmt.Sprintf("device-%d", m.next)
	if known := slices.Sorted(maps.Keys(m.held)); len(known) > 0 && rapid.Bool().Draw(t, "known") {
		device = rapid.SampledFrom(known).Draw(t, "device")
	} else {
		m.next++
	}
	length := time.Duration(rapid.IntRange(60, 86400).Draw(t, "seconds")) * time.Second
	m.ask(t, device, func() (app.Grant, error) {
		return m.service.Borrow(context.Background(), m.who, m.license, device, length)
	})
}

// ask is an acquire or a borrow.
func (m *model) ask(t *rapid.T, device string, call func() (app.Grant, error)) {
	before, had := m.held[device]
	g, err := call()
	m.ended(t, g.Lease.ExpiresAt)
	switch {
	case had && (err != nil || g.Lease.ID != before || g.New):
		t.Fatalf("a live holder was dropped: %v, lease %q, had %q", err, g.Lease.ID, before)
	case err == nil:
		m.held[device] = g.Lease.ID
	case app.CodeOf(err) != app.CodeNoSeats:
		t.Fatalf("acquire: %v", err)
	case len(m.held)+m.ghosts < m.limit:
		t.Fatalf("refused with %d of %d seats in use and at most %d ghosts", len(m.held), m.limit, m.ghosts)
	}
}

// ended checks that nothing outlives the licence.
func (m *model) ended(t *rapid.T, expiry time.Time) {
	if !m.ends.IsZero() && expiry.After(m.ends.Add(time.Millisecond)) {
		t.Fatalf("a lease until %s of a licence until %s", expiry, m.ends)
	}
}

// Near brings a lease near its end, as time would: of a borrowed one its holder is back.
func (m *model) Near(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nobody holds a lease")
	}
	lease := m.held[rapid.SampledFrom(slices.Sorted(maps.Keys(m.held))).Draw(t, "device")]
	if _, _, err := m.service.GetLicense(context.Background(), m.who, m.license); err != nil {
		t.Fatalf("load: %v", err)
	}
	soon := goredis.Z{Score: float64(time.Now().Add(30 * time.Second).UnixMicro()), Member: lease}
	if err := m.client.ZAddXX(context.Background(), m.prefix()+"leases", soon).Err(); err != nil {
		t.Fatalf("near: %v", err)
	}
	beat, err := m.service.Heartbeat(context.Background(), m.who, lease)
	if err != nil {
		t.Fatalf("a live holder was dropped: %v", err)
	}
	m.ended(t, beat.ExpiresAt)
	if m.ends.IsZero() && time.Until(beat.ExpiresAt) < 4*time.Minute {
		t.Fatalf("a heartbeat near the end did not keep the lease: %s", time.Until(beat.ExpiresAt))
	}
}

// Limit moves the licence's own end: to none, to before any lease time is over, or, for a
// moment in which nobody gets or keeps anything, to the past.
func (m *model) Limit(t *rapid.T) {
	update := func(ends time.Time) {
		_, err := m.service.UpdateLicense(context.Background(), m.admin, m.license, app.ActionUpdate, func(l *app.License) { l.ExpiresAt = ends })
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
		for device, lease := range m.held {
			_, beat := m.service.Heartbeat(context.Background(), m.who, lease)
			_, acquire := m.service.Acquire(context.Background(), m.who, m.license, device)
			if app.CodeOf(beat) != app.CodeLicenseExpired || app.CodeOf(acquire) != app.CodeLicenseExpired {
				t.Fatalf("after the licence's end: %v, %v", beat, acquire)
			}
		}
		update(was)
	}
}

// Heartbeat keeps a live lease, always.
func (m *model) Heartbeat(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nobody holds a lease")
	}
	device := rapid.SampledFrom(slices.Sorted(maps.Keys(m.held))).Draw(t, "device")
	beat, err := m.service.Heartbeat(context.Background(), m.who, m.held[device])
	if err != nil {
		t.Fatalf("a live holder was dropped: %v", err)
	}
	m.ended(t, beat.ExpiresAt)
}

// Late sends a heartbeat for a lease that is over.
func (m *model) Late(t *rapid.T) {
	if len(m.over) == 0 {
		t.Skip("no lease is over")
	}
	lease := rapid.SampledFrom(slices.Sorted(maps.Keys(m.over))).Draw(t, "lease")
	device := m.over[lease]
	_, err := m.service.Heartbeat(context.Background(), m.who, lease)
	_, newer := m.held[device]
	switch {
	case err == nil && newer:
		t.Fatalf("one device has two leases")
	case err == nil:
		delete(m.over, lease)
		m.held[device] = lease
	case len(m.held)+m.ghosts < m.limit && !newer:
		t.Fatalf("not revived with %d of %d seats in use: %v", len(m.held), m.limit, err)
	}
}

// Release gives a seat back.
func (m *model) Release(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nobody holds a lease")
	}
	device := rapid.SampledFrom(slices.Sorted(maps.Keys(m.held))).Draw(t, "device")
	if err := m.service.Release(context.Background(), m.who, m.held[device]); err != nil {
		t.Fatalf("release: %v", err)
	}
	delete(m.held, device)
}

// Expire lets the time of a lease run out.
func (m *model) Expire(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nobody holds a lease")
	}
	device := rapid.SampledFrom(slices.Sorted(maps.Keys(m.held))).Draw(t, "device")
	lease := m.held[device]
	// A lease that is not loaded cannot run out: asking for the licence loads it.
	if _, _, err := m.service.GetLicense(context.Background(), m.who, m.license); err != nil {
		t.Fatalf("load: %v", err)
	}
	if err := m.client.ZAddXX(context.Background(), m.prefix()+"leases", goredis.Z{Score: 1, Member: lease}).Err(); err != nil {
		t.Fatalf("expire: %v", err)
	}
	delete(m.held, device)
	m.over[lease] = device
}

// Reap is the housekeeping.
func (m *model) Reap(t *rapid.T) {
	if err := m.service.Reap(context.Background()); err != nil {
		t.Fatalf("reap: %v", err)
	}
}

// Lose empties the live store, or leaves it as another server process would find it.
func (m *model) Lose(t *rapid.T) {
	ctx := context.Background()
	var err error
	if rapid.Bool().Draw(t, "restart") {
		// What a restored snapshot looks like: keys of an earlier process, and holders
		// that it does not know.
		err = m.client.HSet(ctx, m.prefix()+"state", "run", "0000").Err()
		if err == nil && rapid.Bool().Draw(t, "older") {
			err = m.client.Del(ctx, m.prefix()+"leases", m.prefix()+"holders").Err()
		}
	} else {
		err = m.client.FlushAll(ctx).Err()
	}
	if err != nil {
		t.Fatalf("lose: %v", err)
	}
	m.ghosts = len(m.over)
}

// Race lets many new devices ask at the same time, while the state may be lost.
func (m *model) Race(t *rapid.T) {
	lose := rapid.Bool().Draw(t, "lose")
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 2 * m.limit {
		device := fmt.Sprintf("device-%d", m.next)
		m.next++
		group.Go(func() {
			g, err := m.service.Acquire(context.Background(), m.who, m.license, device)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				m.held[device] = g.Lease.ID
			}
		})
	}
	if lose {
		group.Go(func() { _ = m.client.FlushAll(context.Background()).Err() })
		m.ghosts = len(m.over)
	}
	group.Wait()
	if len(m.held)+m.ghosts < m.limit && !lose {
		t.Fatalf("%d racers got only %d of %d seats", 2*m.limit, len(m.held), m.limit)
	}
	if lose {
		// A racer that was refused after its reservation may leave a seat taken.
		m.ghosts = m.limit
	}
}

func TestSeatsAreNeverOversoldAndLiveHoldersNeverDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.service(t)
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	run := 0
	admin := app.Principal{Tenant: "demo-1a2b", User: "root", Admin: true}
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &model{
			w: w, service: service, client: client, who: app.Principal{Tenant: "demo-1a2b", User: "ada"}, admin: admin, license: fmt.Sprintf("model-%d", run),
			limit: rapid.IntRange(1, 6).Draw(t, "seats"), held: map[string]string{}, over: map[string]string{},
		}
		if _, err := service.CreateLicense(context.Background(), admin, app.License{ID: m.license, Product: "coditect-ide", Seats: m.limit, MaxBorrow: 24 * time.Hour}); err != nil {
			t.Fatalf("create: %v", err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"Acquire": m.Acquire, "Borrow": m.Borrow, "Near": m.Near, "Limit": m.Limit, "Heartbeat": m.Heartbeat, "Late": m.Late, "Release": m.Release, "Expire": m.Expire,
			"Reap": m.Reap, "Lose": m.Lose, "Race": m.Race, "": m.check,
		})
		// In the end everybody who was promised a seat still has it.
		for device, lease := range m.held {
			if _, err := service.Heartbeat(context.Background(), m.who, lease); err != nil {
				t.Fatalf("%s was dropped: %v", device, err)
			}
		}
	})
	require.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM (SELECT l.id FROM licensing.license l JOIN licensing.lease e ON e.tenant_id = l.tenant_id AND e.license_id = l.id
		WHERE e.ended_at IS NULL GROUP BY l.tenant_id, l.id, l.seats HAVING count(*) > l.seats) oversold`), "the ledger never has more open leases than seats")
}
