package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestASeatThatIsLeftOfABorrowIsTakenWhereNobodyHasToBeIdle(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	l := license("acme", "ide", 1)
	l.WhenFull, l.PromisedUntil = app.WhenFullTake, time.Now().Add(24*time.Hour)
	held := app.Lease{ID: app.NewLeaseID("ide"), Kind: app.KindBorrowed, Fingerprint: "laptop", User: "ada", GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	load(t, seats, l, held)
	ask := func() (app.Reserved, error) {
		return seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID("ide"), Claim: "c", Fingerprint: "desktop", User: "bob", Kind: app.KindFloating, For: l.LeaseTTL})
	}
	_, err := ask()
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "a borrowed one is never taken")
	// The hour goes by, and its device does not come back.
	require.NoError(t, client.HSet(t.Context(), "seats:{acme/ide}:claims", held.ID, time.Now().UnixMicro()).Err())
	r, err := ask()
	require.NoError(t, err)
	assert.True(t, r.Takes)
}

func TestASeatThatWasPromisedByALongerLeaseTimeIsTakenOnlyWhereNobodyHasToBeIdle(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	for name, c := range map[string]struct {
		idle time.Duration
		ends time.Duration // of the licence, from now; 0 for never
		code app.Code
	}{
		"nobody has to be idle":                         {0, 0, ""},
		"one has to be idle":                            {time.Minute, 0, app.CodeNoSeats},
		"nobody has to be idle, near the licence's end": {0, 3 * time.Minute, ""},
		"one has to be idle, near the licence's end":    {time.Minute, 3 * time.Minute, app.CodeNoSeats},
	} {
		require.NoError(t, client.FlushAll(t.Context()).Err())
		now := time.Now()
		l := license("acme", "ide", 1)
		l.WhenFull, l.TakeIdle, l.PromisedUntil = app.WhenFullTake, c.idle, now.Add(11*time.Minute)
		if c.ends > 0 {
			l.ExpiresAt = now.Add(c.ends)
		}
		held := app.Lease{ID: app.NewLeaseID("ide"), Kind: app.KindFloating, Fingerprint: "laptop", User: "ada", GrantedAt: now}
		rebuild, err := seats.Begin(t.Context(), l.Ref())
		require.NoError(t, err)
		require.NoError(t, seats.Stage(t.Context(), rebuild, l, []app.Lease{held}))
		require.NoError(t, seats.Load(t.Context(), rebuild, l))
		r, err := seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID("ide"), Claim: "c", Fingerprint: "desktop", User: "bob", Kind: app.KindFloating, For: l.LeaseTTL})
		assert.Equal(t, c.code, app.CodeOf(err), name)
		assert.Equal(t, c.code == "", r.Takes, name)
	}
}

func TestABorrowedLeaseIsToldItsOwnEndThoughALoadKeepsItsSeatForLonger(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Microsecond)
	held := borrowedOpen("laptop", "ada", "", now.Add(2*time.Hour))
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, PromisedUntil: now.Add(3 * time.Hour)}, held)
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), held.ID, "ada")
	require.NoError(t, err)
	assert.WithinDuration(t, now.Add(2*time.Hour), beat.ExpiresAt, 0)
	assert.WithinDuration(t, now.Add(3*time.Hour), in.usage().NextFree, 0)
}

func TestAHeartbeatMakesABorrowedLeaseThatEndsSoonerAFloatingOne(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, Policy: app.Policy{LeaseGrace: time.Hour}})
	got := in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: time.Minute})
	_, err := in.seats.Extend(t.Context(), in.license.Ref(), got.Lease, "ada")
	require.NoError(t, err)
	holder, err := in.client.HGet(t.Context(), oneLicenseKeys+"holders", got.Lease).Result()
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(holder, ":f"), holder)
}
