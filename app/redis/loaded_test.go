package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// lives are the licence's keys, and those of a rebuild, each with how long it lives: -1 for ever.
func (in *oneLicense) lives(pattern string) map[string]time.Duration {
	in.Helper()
	names, err := in.client.Keys(in.Context(), pattern).Result()
	require.NoError(in, err)
	found := map[string]time.Duration{}
	for _, name := range names {
		found[name] = in.client.PTTL(in.Context(), name).Val()
	}
	return found
}

// lost makes the licence cold, as another process would find it.
func (in *oneLicense) lost() {
	in.Helper()
	require.NoError(in, in.client.HDel(in.Context(), oneLicenseKeys+"state", "run").Err())
}

// borrowedOpen is a borrowed lease as the ledger has it, until then.
func borrowedOpen(device, user, group string, until time.Time) app.Lease {
	lease := open(device, user, group)
	lease.Kind, lease.ExpiresAt = app.KindBorrowed, until
	return lease
}

// grouped is a licence all of whose keys are in use once the leases are loaded.
func grouped() (app.License, []app.Lease) {
	license := app.License{Seats: 3, LeaseTTL: time.Hour, Policy: app.Policy{UserSeats: 1, Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}}}
	return license, []app.Lease{open("desk", "bob", "devs"), borrowedOpen("laptop", "ada", "", time.Now().Add(time.Minute))}
}

// What is put aside lives for two minutes, in case that nobody loads it.
func TestSeatsThatAreLoadedStay(t *testing.T) {
	t.Parallel()
	license, leases := grouped()
	in := newOneLicense(t, license, leases...)
	live := in.lives(oneLicenseKeys + "*")
	for _, key := range []string{"state", "leases", "holders", "devices", "claims", "index", "groups"} {
		assert.EqualValues(t, -1, live[oneLicenseKeys+key], key)
	}
	assert.Len(t, live, 7)
}

func TestNothingOfBeforeIsLeftInWhatIsLoaded(t *testing.T) {
	t.Parallel()
	license, leases := grouped()
	in := newOneLicense(t, license, leases...)
	in.lost()
	load(t, in.seats, in.license)
	assert.Len(t, in.lives(oneLicenseKeys+"*"), 1, "but its numbers")
	in.got("tablet", "ada")
	in.got("watch", "bob", "devs")
}

func TestARebuildThatStopsHalfWayLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	license, leases := grouped()
	in := newOneLicense(t, license)
	aside := func(rebuild app.Rebuild) map[string]time.Duration { return in.lives("*" + rebuild.Ticket + "*") }
	begun := func() app.Rebuild {
		in.lost()
		rebuild, err := in.seats.Begin(t.Context(), in.license.Ref())
		require.NoError(t, err)
		require.NoError(t, in.seats.Stage(t.Context(), rebuild, in.license, leases))
		require.Len(t, aside(rebuild), 8)
		return rebuild
	}
	rebuild := begun()
	for name, left := range aside(rebuild) {
		assert.True(t, left > time.Minute/2 && left <= 2*time.Minute, "%s: %s", name, left)
	}
	require.NoError(t, in.seats.Abandon(t.Context(), in.license.Ref(), rebuild))
	assert.Empty(t, aside(rebuild))

	first := begun()
	require.NoError(t, in.client.Del(t.Context(), oneLicenseKeys+"state:rebuild").Err(), "its time is over")
	second := begun()
	require.NoError(t, in.seats.Abandon(t.Context(), in.license.Ref(), first))
	_, err := in.seats.Begin(t.Context(), in.license.Ref())
	require.ErrorIs(t, err, app.ErrBusy, "the second one goes on")
	require.NoError(t, in.client.Del(t.Context(), oneLicenseKeys+"state:rebuild").Err())
	load(t, in.seats, in.license, leases...)
	in.lost()
	require.ErrorIs(t, in.seats.Load(t.Context(), second, in.license), app.ErrCold, "it is too late")
	assert.Empty(t, aside(second))
}

func TestARebuildIsOnesOwnForAsLongAsItGoesOn(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	in.lost()
	rebuild, err := in.seats.Begin(t.Context(), in.license.Ref())
	require.NoError(t, err)
	const key = oneLicenseKeys + "state:rebuild"
	require.NoError(t, in.client.PExpire(t.Context(), key, time.Minute/30).Err())
	require.NoError(t, in.seats.Stage(t.Context(), rebuild, in.license, []app.Lease{open("desk", "bob", "")}))
	assert.Greater(t, in.client.PTTL(t.Context(), key).Val(), 3*time.Second)
}

// The ledger may say so late that the borrow has ended meanwhile.
func TestABorrowThatEndedWhileItWasReadIsLoadedAsAFloatingLease(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, Policy: app.Policy{LeaseGrace: time.Hour}})
	in.lost()
	rebuild, err := in.seats.Begin(t.Context(), in.license.Ref())
	require.NoError(t, err)
	rebuild.At = rebuild.At.Add(-time.Minute)
	lease := borrowedOpen("laptop", "ada", "", time.Now().Add(-time.Second))
	require.NoError(t, in.seats.Stage(t.Context(), rebuild, in.license, []app.Lease{lease}))
	require.NoError(t, in.seats.Load(t.Context(), rebuild, in.license))
	assert.Greater(t, time.Until(in.usage().NextFree), 90*time.Minute, "it has the grace of one")
}

// docs/api.md: what it costs.
func TestALicenceWithoutLimitsHasNoIndex(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3}, open("desk", "bob", ""))
	in.got("laptop", "ada")
	assert.Len(t, in.lives(oneLicenseKeys+"*"), 4, "its numbers, and three for its leases")
}
