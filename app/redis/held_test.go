package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

func (in *oneLicense) usage() app.Usage {
	in.Helper()
	usage, err := in.seats.Usage(in.Context(), in.license.Ref())
	require.NoError(in, err)
	return usage
}

// confirmed is ask for a seat that is confirmed.
func (in *oneLicense) confirmed(wanted app.Reservation) app.Reserved {
	in.Helper()
	got, err := in.ask(wanted)
	require.NoError(in, err)
	held, err := in.seats.Confirm(in.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt, Reservation: got.Group}, got.Endings)
	require.NoError(in, err)
	require.True(in, held)
	return got
}

func TestASeatIsForTheUserAndTheLeaseOfItsDevice(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	held := in.got("laptop", "ada")
	_, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "bob"})
	assert.Equal(t, app.CodeNotHolder, app.CodeOf(err))
	_, err = in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Lease: "inside_older", Revive: true})
	assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err), "the device has a newer lease")
	again, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Lease: held.Lease, Revive: true})
	require.NoError(t, err)
	assert.Equal(t, held.Lease, again.Lease)
}

func TestASeatIsGivenBackOnlyByTheLatestRequestForItAndBeforeItIsHandedOut(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	reserve := func(claim string) app.Reserved {
		got, err := in.seats.Reserve(t.Context(), in.license, app.Reservation{Lease: app.NewLeaseID("inside"), Claim: claim, Fingerprint: "laptop", User: "ada", Kind: app.KindFloating, For: in.license.LeaseTTL})
		require.NoError(t, err)
		return got
	}
	cancel := func(lease, claim string) int {
		require.NoError(t, in.seats.Cancel(t.Context(), in.license.Ref(), lease, claim, app.ReasonCancelled))
		return in.usage().InUse
	}
	assert.Zero(t, cancel(reserve("only").Lease, "only"))
	lease := reserve("first").Lease
	require.Equal(t, lease, reserve("second").Lease)
	assert.Equal(t, 1, cancel(lease, "first"), "the second request is about to hand it out")
	assert.Zero(t, cancel(lease, "second"))
	got := reserve("third")
	_, err := in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt}, got.Endings)
	require.NoError(t, err)
	assert.Equal(t, 1, cancel(got.Lease, "third"), "the ledger has it")
}

func TestNobodyGetsASeatOfWhatIsSuspendedOrRevoked(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	in.got("laptop", "ada")
	for status, code := range map[app.Status]app.Code{
		app.StatusSuspended: app.CodeLicenseSuspended, app.StatusRevoked: app.CodeLicenseRevoked, app.StatusTenantSuspended: app.CodeTenantSuspended,
	} {
		in.license.Status = status
		in.license.Revision++
		in.refused(code, "laptop", "ada")
		in.refused(code, "desk", "bob")
	}
}

func TestARequestByTermsOfBeforeMayBeRefused(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, Revision: 1})
	later := in.license
	later.Revision = 2
	_, err := in.seats.Configure(t.Context(), later, 0)
	require.NoError(t, err)
	_, err = in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Exact: true})
	require.ErrorIs(t, err, app.ErrChanged)
	_, err = in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
}

// One script frees 200 seats at most, and the ledger is told of 200 at once.
func TestNobodyGetsASeatWhileTooManyHaveToBeEnded(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1000, Policy: app.Policy{WhenFull: app.WhenFullTake}})
	expired := make([]goredis.Z, 201)
	for i := range expired {
		expired[i] = goredis.Z{Score: 1, Member: fmt.Sprintf("inside_%026d", i)}
	}
	require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"leases", expired...).Err())
	for _, what := range []string{"one is still to be freed", "one has to wait for the others"} {
		_, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
		require.ErrorIs(t, err, app.ErrBacklog, what)
	}
	require.NoError(t, in.client.ZRemRangeByRank(t.Context(), oneLicenseKeys+"endings", 0, 0).Err())
	held, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
	assert.Len(t, held.Endings, 200)

	in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada"})
	in.license.Seats = 1
	in.license.Revision++
	in.silent(held.Lease, time.Minute)
	if n := in.client.ZCard(t.Context(), oneLicenseKeys+"endings").Val(); n < 200 {
		require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"endings", expired[:200-n]...).Err())
	}
	_, err = in.ask(app.Reservation{Fingerprint: "desk", User: "bob"})
	assert.ErrorIs(t, err, app.ErrBacklog, "a seat that is taken is one ending more")
}

func TestSeatsAreKeptForAGroupAsManyAsItDoesNotHave(t *testing.T) {
	t.Parallel()
	devs, qa := app.GroupSeats{Group: "devs", Seats: 1}, app.GroupSeats{Group: "qa", Seats: 1}
	t.Run("a group that has more than are kept for it takes none from another", func(t *testing.T) {
		t.Parallel()
		in := newOneLicense(t, app.License{Seats: 4, Policy: app.Policy{Reservations: []app.GroupSeats{devs, qa}}}, open("a", "ada", "devs"), open("b", "bob", "devs"))
		in.got("c", "cid")
		in.refused(app.CodeSeatsReserved, "d", "dan")
		assert.Equal(t, "qa", in.got("q", "qin", "qa").Group)
	})
	t.Run("who finds the group's seats taken has one of the rest", func(t *testing.T) {
		t.Parallel()
		in := newOneLicense(t, app.License{Seats: 3, Policy: app.Policy{Reservations: []app.GroupSeats{devs}}})
		assert.Equal(t, "devs", in.got("a", "ada", "devs").Group)
		assert.Empty(t, in.got("b", "bob", "devs").Group)
	})
	t.Run("what is kept for another group is not given, though seats are free", func(t *testing.T) {
		t.Parallel()
		in := newOneLicense(t, app.License{Seats: 2, Policy: app.Policy{Reservations: []app.GroupSeats{devs, qa}}}, open("a", "ada", ""))
		assert.Equal(t, 1, in.refused(app.CodeSeatsReserved, "b", "bob", "devs").Reserved, "no more can be kept than are free")
	})
	t.Run("who takes the seat of a group that has more than are kept for it takes none that is kept", func(t *testing.T) {
		t.Parallel()
		in := newOneLicense(t, app.License{Seats: 2, Policy: app.Policy{WhenFull: app.WhenFullTake, Reservations: []app.GroupSeats{devs}}})
		first := in.got("a", "ada", "devs")
		second := in.got("b", "bob", "devs")
		require.NoError(t, in.client.HSet(t.Context(), oneLicenseKeys+"groups", second.Lease, "64657673").Err())
		require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"index", goredis.Z{Member: "g64657673:" + second.Lease}).Err())
		in.silent(first.Lease, time.Minute)
		got, err := in.ask(app.Reservation{Fingerprint: "c", User: "cid"})
		require.NoError(t, err)
		assert.Equal(t, first.Lease, got.Endings[0].Lease)
	})
}

func TestWhoIsRenewedKeepsTheGroupOrGetsTheFirstThatHasASeat(t *testing.T) {
	t.Parallel()
	reservations := []app.GroupSeats{{Group: "qa", Seats: 1}, {Group: "devs", Seats: 1}}
	in := newOneLicense(t, app.License{Seats: 4, Policy: app.Policy{Reservations: reservations}})
	require.Equal(t, "devs", in.got("dan", "dan", "devs").Group)
	both := []string{"devs", "qa"}
	again := in.got("dan", "dan", both...)
	assert.Equal(t, "devs", again.Group)
	assert.False(t, again.Regrouped)

	require.Empty(t, in.got("ada", "ada").Group)
	assert.Empty(t, in.got("ada", "ada", "devs").Group, "it has none left")
	again = in.got("ada", "ada", both...)
	assert.Equal(t, "qa", again.Group)
	assert.True(t, again.Regrouped)
	assert.Equal(t, map[string]int{"qa": 1, "devs": 1}, in.usage().Reserved, "it counts to the group once it is confirmed")

	_, err := in.seats.Free(t.Context(), in.license.Ref(), in.got("dan", "dan", both...).Lease, "dan", app.ReasonReleased, app.Origin{}, nil)
	require.NoError(t, err)
	require.Empty(t, in.got("ada", "ada").Group)
	assert.Equal(t, "qa", in.got("ada", "ada", both...).Group, "the first of two")
}

func TestASeatIsBorrowedAndReturned(t *testing.T) {
	t.Parallel()
	const lives = time.Hour
	held := func(license app.License, kind app.Kind, length time.Duration) *oneLicense {
		license.Seats, license.LeaseTTL, license.MaxBorrow = 1, lives, 48*time.Hour
		in := newOneLicense(t, license)
		in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: kind, For: length})
		return in
	}
	ask := func(in *oneLicense, kind app.Kind, length time.Duration) app.Reserved {
		got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: kind, For: length})
		require.NoError(t, err)
		return got
	}
	kind := func(in *oneLicense, lease string) string {
		holder, err := in.client.HGet(t.Context(), oneLicenseKeys+"holders", lease).Result()
		require.NoError(t, err)
		return holder[strings.LastIndex(holder, ":")+1:]
	}

	in := held(app.License{}, app.KindFloating, lives)
	got := ask(in, app.KindBorrowed, 24*time.Hour)
	assert.Equal(t, app.KindBorrowed, got.Kind)
	assert.Equal(t, got.GrantedAt.Add(24*time.Hour), got.ExpiresAt)
	assert.WithinDuration(t, got.GrantedAt.Add(lives), in.usage().NextFree, 0, "the answer may fail yet")
	assert.Equal(t, "f", kind(in, got.Lease))
	got = in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: 24 * time.Hour})
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0)
	assert.Equal(t, "b", kind(in, got.Lease))

	again := ask(in, app.KindFloating, lives)
	assert.Equal(t, app.KindBorrowed, again.Kind, "a lease time does not shorten a borrow")
	assert.WithinDuration(t, got.ExpiresAt, again.ExpiresAt, 0)
	in.license.ExpiresAt = time.Now().Add(2 * time.Hour).Truncate(time.Microsecond)
	in.license.Revision++
	assert.WithinDuration(t, in.license.ExpiresAt, ask(in, app.KindFloating, lives).ExpiresAt, 0, "the licence's end does")

	in = held(app.License{}, app.KindBorrowed, time.Minute)
	got = ask(in, app.KindFloating, lives)
	assert.Equal(t, app.KindFloating, got.Kind, "who has it for longer is back")
	assert.Equal(t, "f", kind(in, got.Lease))

	in = held(app.License{}, app.KindFloating, lives)
	assert.False(t, ask(in, app.KindBorrowed, time.Minute).Shortens, "what its holder was told is its end, until it is confirmed")
	got = in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: time.Minute})
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0, "a borrow ends when it is said to, be it sooner")

	in = held(app.License{}, app.KindBorrowed, 24*time.Hour)
	got = ask(in, app.KindFloating, lives)
	_, err := in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: app.KindFloating, ExpiresAt: time.Now().Add(lives)}, nil)
	require.NoError(t, err)
	assert.Equal(t, "b", kind(in, got.Lease))
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0, "whatever comes first, a lease time does not shorten a borrow")

	in = held(app.License{}, app.KindFloating, lives)
	in.silent(ask(in, app.KindFloating, lives).Lease, lives-time.Minute)
	got = ask(in, app.KindBorrowed, 10*time.Minute)
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0, "it is kept for as long as it is asked for")

	end := time.Now().Add(lives).Truncate(time.Microsecond)
	in = held(app.License{ExpiresAt: end, Policy: app.Policy{Grace: lives}}, app.KindBorrowed, 90*time.Minute)
	assert.WithinDuration(t, end, in.usage().NextFree, 0, "nobody borrows into the licence's grace")

	in = newOneLicense(t, app.License{Seats: 1, LeaseTTL: lives})
	got = ask(in, app.KindBorrowed, 5*time.Second)
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0, "a seat is not kept for longer than it is asked for")
}

func TestASeatThatIsReservedIsOneOfItsGroupAndHasItsEnd(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 2, Policy: app.Policy{Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}}})
	_, err := in.seats.Look(t.Context(), []app.Look{{Ref: in.license.Ref()}}, time.Second)
	require.NoError(t, err)
	require.Zero(t, in.client.ZCard(t.Context(), "housekeeping:due").Val(), "nothing is to be looked at")
	got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Groups: []string{"devs"}})
	require.NoError(t, err)
	usage := in.usage()
	assert.Equal(t, map[string]int{"devs": 1}, usage.Reserved)
	assert.EqualValues(t, usage.NextFree.UnixMicro(), in.client.ZScore(t.Context(), "housekeeping:due", "demo/inside").Val(), "if nobody confirms it, the housekeeping frees it")
	require.NoError(t, in.client.HDel(t.Context(), oneLicenseKeys+"state", "run").Err())
	_, err = in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt}, nil)
	assert.ErrorIs(t, err, app.ErrCold)
}

func TestAnExpiredLeaseThatComesBackIsNotEnded(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	held := in.got("laptop", "ada")
	in.silent(held.Lease, 24*time.Hour)
	endings, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.Len(t, endings, 1)
	again, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Lease: held.Lease, Revive: true})
	require.NoError(t, err)
	assert.Equal(t, held.Lease, again.Lease)
	assert.Empty(t, again.Endings)
}

// Near the licence's end every seat is free at that end, whenever its last heartbeat was.
func TestNobodyIsIdleNearTheLicencesEnd(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: 2 * time.Hour, ExpiresAt: time.Now().Add(time.Hour), Policy: app.Policy{WhenFull: app.WhenFullTake, TakeIdle: time.Minute}})
	in.got("laptop", "ada")
	in.refused(app.CodeNoSeats, "desk", "bob")
}
