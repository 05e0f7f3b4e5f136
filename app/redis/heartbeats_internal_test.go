package redis

import (
	"context"
	"net"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// trip is a round trip with heartbeats that are put together by hand.
type trip struct {
	*testing.T
	client *goredis.Client
	seats  *Seats
	taken  []*heartbeat
}

func newTrip(t *testing.T) *trip {
	t.Helper()
	client := apptest.StartRedis(t).Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	seats := NewSeats(client, func(string, time.Duration, error) {})
	require.NoError(t, seats.heartbeats.script.Load(t.Context(), client).Err())
	return &trip{T: t, client: client, seats: seats}
}

// load makes a licence live with a lease for each of the users, in their order.
func (p *trip) load(license app.License, users ...string) []string {
	p.Helper()
	ids, open := make([]string, len(users)), make([]app.Lease, len(users))
	for i, user := range users {
		ids[i] = app.NewLeaseID(license.ID)
		open[i] = app.Lease{ID: ids[i], Kind: app.KindFloating, Fingerprint: ids[i], User: user}
		if user == "borrower" {
			open[i].Kind, open[i].ExpiresAt = app.KindBorrowed, time.Now().Add(48*time.Hour).Truncate(time.Microsecond)
		}
	}
	rebuild, err := p.seats.Begin(p.Context(), license.Ref())
	require.NoError(p, err)
	require.NoError(p, p.seats.Stage(p.Context(), rebuild, license, open))
	require.NoError(p, p.seats.Load(p.Context(), rebuild, license))
	return ids
}

// expire makes leases as old as if their holders had been silent.
func (p *trip) expire(ref app.LicenseRef, leases ...string) {
	p.Helper()
	for _, lease := range leases {
		require.NoError(p, p.client.ZAdd(p.Context(), keys(ref)[1], goredis.Z{Score: 1, Member: lease}).Err())
	}
}

// beat adds a heartbeat to the trip.
func (p *trip) beat(ref app.LicenseRef, lease, user string) {
	p.taken = append(p.taken, &heartbeat{license: ref, lease: lease, user: digest(user) + ":f"})
}

// go sends them and returns each lease's word.
func (p *trip) send() (words []string) {
	p.Helper()
	require.Empty(p, p.seats.heartbeats.exchange(p.Context(), p.taken))
	for _, h := range p.taken {
		require.NoError(p, h.err)
		word, ok := h.values[0].(string)
		require.True(p, ok)
		words = append(words, word)
	}
	p.taken = nil
	return words
}

func licensed(id string, seats int) app.License {
	return app.License{Tenant: "demo", ID: id, Product: "p", Seats: seats, Status: app.StatusActive}.Defaulted()
}

func TestHeartbeatsOfOneTripAreJudgedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	p := newTrip(t)
	license := licensed("three", 3)
	ref := license.Ref()
	leases := p.load(license, "ada", "bob", "eve", "dan")
	p.expire(ref, leases[1], leases[2], leases[3])

	p.beat(ref, leases[1], "bob")
	p.beat(ref, leases[2], "mallory")
	p.beat(ref, leases[1], "bob")
	p.beat(ref, leases[0], "ada")
	p.beat(ref, leases[3], "dan")
	p.beat(ref, leases[2], "eve")
	p.beat(ref, app.NewLeaseID("three"), "ada")
	assert.Equal(t, []string{"revived", "holder", "ok", "ok", "revived", "expired", "absent"}, p.send(),
		"two seats are free, and who asks first gets them")
	usage, err := p.seats.Usage(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, 3, usage.InUse)
	p.beat(ref, leases[2], "eve")
	assert.Equal(t, []string{"expired"}, p.send())
}

func TestHeartbeatsForManyLicensesTravelTogether(t *testing.T) {
	t.Parallel()
	p := newTrip(t)
	plain, lent, stopped, cold := licensed("plain", 2), licensed("lent", 2), licensed("stopped", 2), licensed("cold", 2)
	stopped.Status = app.StatusSuspended
	first, second, third := p.load(plain, "ada", "bob"), p.load(lent, "borrower", "borrower"), p.load(stopped, "eve")
	until, err := p.client.ZScore(t.Context(), keys(lent.Ref())[1], second[0]).Result()
	require.NoError(t, err)
	p.expire(lent.Ref(), second[1])

	p.beat(lent.Ref(), second[0], "borrower")
	p.beat(plain.Ref(), first[1], "bob")
	p.beat(stopped.Ref(), third[0], "eve")
	p.beat(cold.Ref(), app.NewLeaseID("cold"), "eve")
	p.beat(lent.Ref(), second[1], "borrower")
	p.beat(plain.Ref(), first[0], "ada")
	p.beat(plain.Ref(), first[0], "bob")
	words := p.send()
	assert.Equal(t, []string{"ok", "status", "cold", "revived", "ok", "holder"}, words[1:], "a borrowed lease that is over is revived as any other")
	end, err := instant(words[0])
	require.NoError(t, err)
	assert.Equal(t, int64(until), end.UnixMicro(), "a borrowed lease keeps its end")

	extended, err := p.seats.Extend(t.Context(), lent.Ref(), second[0], "borrower")
	require.NoError(t, err)
	assert.Equal(t, app.Extended{ExpiresAt: end, Interval: lent.HeartbeatInterval}, extended)
	_, err = p.seats.Extend(t.Context(), stopped.Ref(), third[0], "eve")
	assert.Equal(t, app.CodeLicenseSuspended, app.CodeOf(err))
	_, err = p.seats.Extend(t.Context(), cold.Ref(), app.NewLeaseID("cold"), "eve")
	assert.ErrorIs(t, err, app.ErrCold)
}

func TestHalfAStateIsNone(t *testing.T) {
	t.Parallel()
	p := newTrip(t)
	license := licensed("half", 2)
	ref := license.Ref()
	lease := p.load(license, "ada")[0]
	for _, field := range []string{"run", "status", "ttl", "interval", "till", "limit"} {
		value, err := p.client.HGet(t.Context(), keys(ref)[0], field).Result()
		require.NoError(t, err)
		require.NoError(t, p.client.HDel(t.Context(), keys(ref)[0], field).Err())
		p.beat(ref, lease, "ada")
		assert.Equal(t, []string{"cold"}, p.send(), field)
		require.NoError(t, p.client.HSet(t.Context(), keys(ref)[0], field, value).Err())
	}
	p.beat(ref, lease, "ada")
	assert.Equal(t, []string{"ok"}, p.send())
}

func TestALicensePastItsEndKeepsNobodyAlive(t *testing.T) {
	t.Parallel()
	p := newTrip(t)
	license := licensed("ended", 2)
	license.ExpiresAt = time.Now().Add(-time.Second)
	lease := p.load(license, "ada")[0]
	_, err := p.seats.Extend(t.Context(), license.Ref(), lease, "ada")
	assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(err))
	_, err = p.seats.Extend(t.Context(), license.Ref(), lease, "bob")
	assert.Equal(t, app.CodeNotHolder, app.CodeOf(err), "what becomes of the licence is for its holders to know")
}

// Whatever it asks about, so that its heartbeats ask nobody else.
func TestASuspendedTenantIsToldSo(t *testing.T) {
	t.Parallel()
	p := newTrip(t)
	license := licensed("stopped", 2)
	license.Status = app.StatusTenantSuspended
	lease := p.load(license, "ada")[0]
	for user, asked := range map[string]string{"ada": lease, "bob": lease, "eve": app.NewLeaseID("stopped")} {
		_, err := p.seats.Extend(t.Context(), license.Ref(), asked, user)
		assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(err), user)
	}
}

func TestAHeartbeatWaitsForASilentServerUntilItsDeadlineOnly(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	client, err := Open(Options{Address: silent.Addr().String()})
	require.NoError(t, err)
	seats := NewSeats(client, func(string, time.Duration, error) {})
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		_, err = seats.Extend(ctx, licensed("l", 1).Ref(), "l_x", "ada")
		assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(start), maxTrip, "the trip itself waits longer")
		cancel()
	}
	require.NoError(t, client.Close())
	await.True(t, func() bool {
		seats.heartbeats.mu.Lock()
		defer seats.heartbeats.mu.Unlock()
		return !seats.heartbeats.flushing && len(seats.heartbeats.waiting) == 0
	}, "a heartbeat waits, or somebody makes trips, after the client was closed")
}

func TestHeartbeatsWhoseCallersGaveUpDoNotRideAlong(t *testing.T) {
	t.Parallel()
	gone := &heartbeat{lease: "gone", deadline: time.Now().Add(-time.Millisecond)}
	waits, patient := &heartbeat{lease: "waits", deadline: time.Now().Add(time.Minute)}, &heartbeat{lease: "patient"}
	b := &heartbeats{waiting: []*heartbeat{gone, waits, gone, patient}, flushing: true}
	assert.Equal(t, []*heartbeat{waits, patient}, b.take())
	assert.True(t, b.flushing)

	b.waiting = append(b.waiting, gone)
	assert.Empty(t, b.take())
	assert.False(t, b.flushing, "the next one starts a trip of its own")
}
