package redis_test

import (
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

const hold = 10 * time.Second

// housekeeping is a store whose clock a test can seem to move.
func housekeeping(t *testing.T) (*redis.Seats, *goredis.Client) {
	t.Helper()
	client := apptest.StartRedis(t).Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return redis.NewSeats(client, func(string, time.Duration, error) {}), client
}

// later makes everything in the queue due so much sooner, as time does.
func later(t *testing.T, client *goredis.Client, passed time.Duration) {
	t.Helper()
	for _, key := range []string{"housekeeping:due", "housekeeping:jobs"} {
		all, err := client.ZRangeWithScores(t.Context(), key, 0, -1).Result()
		require.NoError(t, err)
		for _, z := range all {
			require.NoError(t, client.ZAdd(t.Context(), key, goredis.Z{Score: z.Score - float64(passed.Microseconds()), Member: z.Member}).Err())
		}
	}
}

func claim(t *testing.T, seats *redis.Seats, owner string) app.Work {
	t.Helper()
	work, err := seats.Claim(t.Context(), owner, 10, hold)
	require.NoError(t, err)
	return work
}

func TestAJobHasOneOwnerUntilItIsDoneOrItsOwnerIsGone(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	ctx := t.Context()
	all := claim(t, seats, "one")
	assert.Equal(t, map[app.Job]string{app.JobChanges: "", app.JobSweep: "", app.JobForget: ""}, all.Jobs, "at first everything is due, from its beginning")
	assert.Empty(t, claim(t, seats, "two").Jobs)

	require.NoError(t, seats.Done(ctx, "one", app.JobSweep, "a/b/c", time.Second))
	assert.Empty(t, claim(t, seats, "two").Jobs, "it is not due yet")
	later(t, client, time.Second)
	assert.Equal(t, map[app.Job]string{app.JobSweep: "a/b/c"}, claim(t, seats, "two").Jobs, "who is first goes on where the other has stopped")
	mine, err := seats.Hold(ctx, "one", app.JobChanges, hold)
	require.NoError(t, err)
	assert.True(t, mine)

	later(t, client, hold)
	took := claim(t, seats, "two").Jobs
	assert.Contains(t, took, app.JobChanges, "its owner is gone")
	mine, err = seats.Hold(ctx, "one", app.JobChanges, hold)
	require.NoError(t, err)
	assert.False(t, mine, "and learns so, when it was only slow")
	require.NoError(t, seats.Done(ctx, "one", app.JobChanges, "far", time.Hour))
	later(t, client, hold)
	assert.Equal(t, "", claim(t, seats, "one").Jobs[app.JobChanges], "what it did then does not count")
}

func TestAClockThatIsSetBackDoesNotStopTheJobs(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	for job := range claim(t, seats, "one").Jobs {
		require.NoError(t, seats.Done(t.Context(), "one", job, "", time.Second))
	}
	later(t, client, -time.Hour)
	jobs := claim(t, seats, "one").Jobs
	assert.Contains(t, jobs, app.JobChanges)
	assert.Contains(t, jobs, app.JobSweep)
}

// license is one with seats that are taken, or not.
func license(tenant, id string, seats int) app.License {
	return app.License{Tenant: tenant, ID: id, Product: "p", Seats: seats}.Defaulted()
}

func take(t *testing.T, seats *redis.Seats, l app.License, devices int) []string {
	t.Helper()
	load(t, seats, l)
	leases := make([]string, devices)
	for i := range leases {
		r, err := seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID(l.ID), Claim: "c", Fingerprint: strconv.Itoa(i), User: "ada", Kind: app.KindFloating, For: l.LeaseTTL})
		require.NoError(t, err)
		_, err = seats.Confirm(t.Context(), app.Lease{Tenant: l.Tenant, License: l.ID, ID: r.Lease, Kind: app.KindFloating, ExpiresAt: r.ExpiresAt}, nil)
		require.NoError(t, err)
		leases[i] = r.Lease
	}
	return leases
}

func look(t *testing.T, seats *redis.Seats, looks ...app.Look) []app.Looked {
	t.Helper()
	found, err := seats.Look(t.Context(), looks, hold)
	require.NoError(t, err)
	require.Len(t, found, len(looks))
	return found
}

func TestALicenceIsDueWhenItsFirstLeaseEndsAndNotBefore(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	l := license("acme", "ide", 3)
	leases := take(t, seats, l, 2)
	assert.Equal(t, []app.LicenseRef{l.Ref()}, claim(t, seats, "one").Licenses, "it was loaded, and is measured")
	found := look(t, seats, app.Look{Ref: l.Ref(), Leases: []string{leases[0], "ide_none", leases[1]}})
	assert.Equal(t, []string{"ide_none"}, found[0].Absent)
	assert.Empty(t, found[0].Endings)
	later(t, client, l.LeaseTTL-time.Minute)
	assert.Empty(t, claim(t, seats, "one").Licenses)

	// Nobody sends a heartbeat.
	require.NoError(t, client.ZAdd(t.Context(), "seats:{acme/ide}:leases", goredis.Z{Score: 1, Member: leases[0]}).Err())
	later(t, client, time.Minute)
	require.Equal(t, []app.LicenseRef{l.Ref()}, claim(t, seats, "one").Licenses)
	assert.Empty(t, claim(t, seats, "two").Licenses, "it is the other's")
	ended := look(t, seats, app.Look{Ref: l.Ref()})[0].Endings
	require.Len(t, ended, 1)
	assert.Equal(t, leases[0], ended[0].Lease)
	assert.Equal(t, app.ReasonExpired, ended[0].Reason)
	assert.Empty(t, claim(t, seats, "two").Licenses)
	later(t, client, hold)
	assert.Equal(t, []app.LicenseRef{l.Ref()}, claim(t, seats, "two").Licenses, "the ledger was not told, so another takes it over")
	require.NoError(t, seats.SettledAll(t.Context(), []app.Settlement{{Ref: l.Ref(), Endings: ended}}))
	assert.Empty(t, look(t, seats, app.Look{Ref: l.Ref()})[0].Endings)
}

func TestALicenceIsLookedAtOnceInASecondAtMost(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	l := license("acme", "ide", 1)
	lease := take(t, seats, l, 1)[0]
	claim(t, seats, "one")
	for {
		soon := time.Now().Add(300 * time.Millisecond)
		require.NoError(t, client.ZAdd(t.Context(), "seats:{acme/ide}:leases", goredis.Z{Score: float64(soon.UnixMicro()), Member: lease}).Err())
		found := look(t, seats, app.Look{Ref: l.Ref()})[0]
		if len(found.Endings) == 0 {
			due := time.UnixMicro(int64(client.ZScore(t.Context(), "housekeeping:due", "acme/ide").Val()))
			assert.WithinDuration(t, found.Now.Add(time.Second), due, 0)
			return
		}
		// The machine was busy, and it ended before.
		require.NoError(t, seats.SettledAll(t.Context(), []app.Settlement{{Ref: l.Ref(), Endings: found.Endings}}))
	}
}

func TestAColdLicenceIsDueAgainWhenNobodyHasLoadedIt(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	l := license("acme", "ide", 1)
	before, err := seats.Clock(t.Context())
	require.NoError(t, err)
	require.True(t, look(t, seats, app.Look{Ref: l.Ref()})[0].Cold)
	after, err := seats.Clock(t.Context())
	require.NoError(t, err)
	due := time.UnixMicro(int64(client.ZScore(t.Context(), "housekeeping:due", "acme/ide").Val()))
	assert.False(t, due.Before(before.Add(hold)) || due.After(after.Add(hold)), "%s", due)
}

func TestALicenceWithoutLeasesIsNotDue(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	l := license("acme", "ide", 3)
	leases := take(t, seats, l, 1)
	_, err := seats.Free(t.Context(), l.Ref(), leases[0], "ada", app.ReasonReleased, app.Origin{User: "ada"}, nil)
	require.NoError(t, err)
	later(t, client, time.Minute)
	require.Len(t, claim(t, seats, "one").Licenses, 1, "the release waits for the ledger")
	ended := look(t, seats, app.Look{Ref: l.Ref()})[0].Endings
	require.Len(t, ended, 1)
	assert.Equal(t, "ada", ended[0].By.User)
	require.NoError(t, seats.SettledAll(t.Context(), []app.Settlement{{Ref: l.Ref(), Endings: ended}}))
	look(t, seats, app.Look{Ref: l.Ref()})
	assert.Zero(t, client.ZCard(t.Context(), "housekeeping:due").Val())
}

func TestTheFullestLicencesAndTheSumsAreKnown(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	var looks []app.Look
	for i, taken := range []int{1, 3, 2, 0} {
		l := license("acme", "l"+strconv.Itoa(i), 4)
		take(t, seats, l, taken)
		looks = append(looks, app.Look{Ref: l.Ref()})
	}
	look(t, seats, looks...)
	look(t, seats, looks...)
	f, err := seats.Fullness(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, app.Fullness{Licenses: 3, InUse: 6, Seats: 12, Fullest: []app.Filled{
		{Ref: app.LicenseRef{Tenant: "acme", License: "l1"}, InUse: 3, Seats: 4}, {Ref: app.LicenseRef{Tenant: "acme", License: "l2"}, InUse: 2, Seats: 4},
	}}, f)

	require.NoError(t, client.Del(t.Context(), "seats:{acme/l1}:leases").Err())
	look(t, seats, looks...)
	f, err = seats.Fullness(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, 2, f.Licenses)
	assert.Equal(t, 3, f.InUse)
	assert.Equal(t, "l2", f.Fullest[0].Ref.License)

	require.NoError(t, client.FlushAll(t.Context()).Err())
	assert.True(t, look(t, seats, looks[0])[0].Cold)
	f, err = seats.Fullness(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, app.Fullness{}, f)
}

// The ledger was restored from a backup that is older than the licence.
func TestNothingIsLeftOfALicenceThatTheLedgerDoesNotHave(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	mine := func() map[string]bool {
		found := map[string]bool{}
		for _, name := range client.Keys(t.Context(), "seats:{acme/gone}*").Val() {
			found[name] = true
		}
		for _, name := range []string{"due", "named", "fullest"} {
			if client.ZScore(t.Context(), "housekeeping:"+name, "acme/gone").Err() == nil {
				found[name] = true
			}
		}
		return found
	}
	stays, gone := license("acme", "stays", 4), license("acme", "gone", 9)
	gone.UserSeats = 9
	take(t, seats, stays, 1)
	leases := take(t, seats, gone, 3)
	_, err := seats.Free(t.Context(), gone.Ref(), leases[0], "ada", app.ReasonReleased, app.Origin{User: "ada"}, nil)
	require.NoError(t, err)
	look(t, seats, app.Look{Ref: stays.Ref()}, app.Look{Ref: gone.Ref()})
	before := mine()
	require.Len(t, before, 10)
	require.NoError(t, seats.Drop(t.Context(), gone.Ref()))
	assert.Equal(t, before, mine(), "what is live stays")

	require.NoError(t, client.HDel(t.Context(), "seats:{acme/gone}:state", "run").Err())
	for range 2 {
		require.NoError(t, seats.Drop(t.Context(), gone.Ref()))
		assert.Empty(t, mine())
		f, err := seats.Fullness(t.Context(), 2)
		require.NoError(t, err)
		assert.Equal(t, app.Fullness{Licenses: 1, InUse: 1, Seats: 4, Fullest: []app.Filled{{Ref: stays.Ref(), InUse: 1, Seats: 4}}}, f)
	}
	load(t, seats, gone)
	usage, err := seats.Usage(t.Context(), gone.Ref())
	require.NoError(t, err)
	assert.Zero(t, usage.InUse, "it may be made anew")
}

func TestADeviceHasTheLeaseThatItWasGrantedLastWhateverTheOrderOfLoading(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	now := time.Now()
	older := app.Lease{ID: app.NewLeaseID("ide"), Kind: app.KindFloating, Fingerprint: "laptop", User: "ada", GrantedAt: now.Add(-time.Hour)}
	newer := app.Lease{ID: app.NewLeaseID("ide"), Kind: app.KindFloating, Fingerprint: "laptop", User: "ada", GrantedAt: now}
	for name, parts := range map[string][][]app.Lease{
		"newer first":           {{newer, older}},
		"older first":           {{older, newer}},
		"newer first, in parts": {{newer}, {older}},
		"older first, in parts": {{older}, {newer}},
	} {
		require.NoError(t, client.FlushAll(t.Context()).Err())
		l := license("acme", "ide", 3)
		rebuild, err := seats.Begin(t.Context(), l.Ref())
		require.NoError(t, err)
		for _, part := range parts {
			require.NoError(t, seats.Stage(t.Context(), rebuild, l, part))
		}
		require.NoError(t, seats.Load(t.Context(), rebuild, l))
		r, err := seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID("ide"), Claim: "c", Fingerprint: "laptop", User: "ada", Kind: app.KindFloating, For: l.LeaseTTL})
		require.NoError(t, err)
		assert.Equal(t, newer.ID, r.Lease, name)
		assert.EqualValues(t, 2, client.ZCard(t.Context(), "seats:{acme/ide}:leases").Val(), "both hold a seat")

		_, err = seats.Free(t.Context(), l.Ref(), older.ID, "", app.ReasonForced, app.Origin{}, nil)
		require.NoError(t, err)
		r, err = seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID("ide"), Claim: "c", Fingerprint: "laptop", User: "ada", Kind: app.KindFloating, For: l.LeaseTTL})
		require.NoError(t, err)
		assert.Equal(t, newer.ID, r.Lease, "%s: it has it still when the older one ends", name)
	}
}

// How long a script takes is measured by BenchmarkHousekeeping: here it is how much
// one does.
func TestNoScriptKeepsTheServerFromOthersForLong(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	ctx := t.Context()
	l := license("acme", "ide", 20_000)
	open := make([]app.Lease, l.Seats)
	names := make([]string, l.Seats)
	for i := range open {
		open[i] = app.Lease{ID: app.NewLeaseID("ide"), Kind: app.KindFloating, Fingerprint: strconv.Itoa(i), User: "ada"}
		names[i] = open[i].ID
	}
	load(t, seats, l, open...)
	// All of them expire at once, and none of them is asked for.
	scores := make([]goredis.Z, len(open))
	for i, lease := range open {
		scores[i] = goredis.Z{Score: 1, Member: lease.ID}
	}
	require.NoError(t, client.ZAdd(ctx, "seats:{acme/ide}:leases", scores...).Err())
	var total int
	for {
		found := look(t, seats, app.Look{Ref: l.Ref(), Leases: names[:500]})
		total += len(found[0].Endings)
		assert.LessOrEqual(t, len(found[0].Endings), 200)
		if len(found[0].Endings) == 0 {
			break
		}
		require.NoError(t, seats.SettledAll(ctx, []app.Settlement{{Ref: l.Ref(), Endings: found[0].Endings}}))
	}
	assert.Equal(t, l.Seats, total)
}
