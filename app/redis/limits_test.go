package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// oneLicense is a licence with a policy, whose seats are taken without a ledger.
type oneLicense struct {
	*testing.T
	client  *goredis.Client
	seats   *redis.Seats
	license app.License
}

const oneLicenseKeys = "seats:{demo/inside}:"

// newOneLicense makes the licence live, with the leases that the ledger has of it.
func newOneLicense(t *testing.T, license app.License, open ...app.Lease) *oneLicense {
	t.Helper()
	client := apptest.StartRedis(t).Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	license.Tenant, license.ID, license.Product = "demo", "inside", "p"
	in := &oneLicense{T: t, client: client, seats: redis.NewSeats(client, func(string, time.Duration, error) {}), license: license.Defaulted()}
	load(t, in.seats, in.license, open...)
	return in
}

// open is a lease as the ledger has it.
func open(device, user, group string) app.Lease {
	return app.Lease{ID: app.NewLeaseID("inside"), Kind: app.KindFloating, Fingerprint: device, User: user, Reservation: group}
}

// reserve asks for a seat for a device of a user of some groups, and confirms it.
func (in *oneLicense) reserve(device, user string, groups ...string) (app.Reserved, error) {
	in.Helper()
	got, err := in.ask(app.Reservation{Fingerprint: device, User: user, Groups: groups})
	if err != nil {
		return got, err
	}
	held, err := in.seats.Confirm(in.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt, Reservation: got.Group}, got.Endings)
	require.NoError(in, err)
	require.True(in, held)
	return got, nil
}

func (in *oneLicense) ask(wanted app.Reservation) (app.Reserved, error) {
	if wanted.Lease == "" {
		wanted.Lease = app.NewLeaseID("inside")
	}
	if wanted.Kind == "" {
		wanted.Kind, wanted.For = app.KindFloating, in.license.LeaseTTL
	}
	wanted.Claim, wanted.Take = "claim", true
	return in.seats.Reserve(in.Context(), in.license, wanted)
}

// got is reserve for a seat that has to be given.
func (in *oneLicense) got(device, user string, groups ...string) app.Reserved {
	in.Helper()
	got, err := in.reserve(device, user, groups...)
	require.NoError(in, err)
	return got
}

// refused is reserve for a seat that has to be refused.
func (in *oneLicense) refused(code app.Code, device, user string, groups ...string) *app.Exhausted {
	in.Helper()
	_, err := in.reserve(device, user, groups...)
	var known *app.Error
	require.ErrorAs(in, err, &known)
	require.Equal(in, code, known.Code)
	return known.Exhausted
}

// silent makes a lease one whose last heartbeat was so long ago.
func (in *oneLicense) silent(lease string, since time.Duration) {
	in.Helper()
	free := time.Now().Add(in.license.LeaseTTL + in.license.LeaseGrace - since)
	require.NoError(in, in.client.ZAddXX(in.Context(), oneLicenseKeys+"leases", goredis.Z{Score: float64(free.UnixMicro()), Member: lease}).Err())
}

func TestOneUserHoldsNoMoreSeatsThanOneMay(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 4, Policy: app.Policy{UserSeats: 2}}, open("desk", "ada", ""))
	second := in.got("laptop", "ada")
	assert.Equal(t, &app.Exhausted{Seats: 2, InUse: 2}, in.refused(app.CodeUserLimit, "tablet", "ada"))
	assert.Equal(t, second.Lease, in.got("laptop", "ada").Lease, "what is held is renewed")
	in.got("phone", "bob")
	_, err := in.seats.Free(t.Context(), in.license.Ref(), second.Lease, "ada", app.ReasonReleased, app.Origin{}, nil)
	require.NoError(t, err)
	third := in.got("tablet", "ada")
	in.silent(third.Lease, time.Hour)
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), third.Lease, "ada")
	assert.ErrorIs(t, err, app.ErrAbsent, "who is late is for the script that counts: %v", beat)
	in.got("watch", "ada")
	in.refused(app.CodeUserLimit, "glasses", "ada")
}

func TestReservedSeatsAreKeptForTheirGroup(t *testing.T) {
	t.Parallel()
	kept := []app.GroupSeats{{Group: "devs", Seats: 2}, {Group: "qa: night", Seats: 1}}
	in := newOneLicense(t, app.License{Seats: 5, Policy: app.Policy{Reservations: kept}}, open("old", "eve", "devs"))
	assert.Empty(t, in.got("a", "ada").Group)
	assert.Empty(t, in.got("b", "bob", "sales").Group)
	full := in.refused(app.CodeSeatsReserved, "c", "cid")
	assert.Equal(t, []int{5, 3, 2}, []int{full.Seats, full.InUse, full.Reserved})
	assert.Equal(t, "devs", in.got("d", "dan", "staff", "devs").Group)
	in.refused(app.CodeSeatsReserved, "d2", "dan", "devs")
	assert.Equal(t, "qa: night", in.got("q", "qin", "devs", "qa: night").Group)
	in.refused(app.CodeNoSeats, "q2", "qin", "qa: night")
	usage, err := in.seats.Usage(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"devs": 2, "qa: night": 1}, usage.Reserved)

	// Who is not of the group any more is one of the others, and keeps the seat.
	again := in.got("d", "dan")
	assert.False(t, again.New)
	assert.Empty(t, again.Group)
	in.refused(app.CodeNoSeats, "e", "eve", "devs")
}

func TestAFullLicenceTakesTheSeatOfTheIdlestFloatingLease(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, Policy: app.Policy{WhenFull: app.WhenFullTake, LeaseGrace: time.Minute, TakeIdle: 30 * time.Second}})
	borrowed, err := in.ask(app.Reservation{Fingerprint: "away", User: "ada", Kind: app.KindBorrowed, For: time.Minute})
	require.NoError(t, err)
	_, err = in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: borrowed.Lease, Kind: app.KindBorrowed, ExpiresAt: borrowed.ExpiresAt}, nil)
	require.NoError(t, err)
	quiet, busy := in.got("quiet", "ada"), in.got("busy", "ada")
	in.refused(app.CodeNoSeats, "new", "bob")
	in.silent(busy.Lease, 31*time.Second)
	in.silent(quiet.Lease, 40*time.Second)
	_, err = in.ask(app.Reservation{Fingerprint: "new", User: "bob", Kind: app.KindBorrowed, For: time.Hour})
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "a borrow takes nothing")
	_, err = in.ask(app.Reservation{Fingerprint: "new", User: "bob", Kind: app.KindFloating, For: time.Minute, Revive: true})
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "nor does who comes back")

	asked, err := in.seats.Reserve(t.Context(), in.license, app.Reservation{Lease: "inside_new", Fingerprint: "new", User: "bob", Kind: app.KindFloating, For: time.Minute})
	require.NoError(t, err)
	assert.True(t, asked.Takes, "there is one to take, and nobody loses it yet")
	assert.Equal(t, time.Minute, asked.ExpiresAt.Sub(asked.GrantedAt))
	usage, err := in.seats.Usage(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Equal(t, 3, usage.InUse)

	by := app.Origin{User: "bob", RequestID: "r-1"}
	got, err := in.ask(app.Reservation{Fingerprint: "new", User: "bob", By: by})
	require.NoError(t, err)
	require.Len(t, got.Endings, 1)
	assert.Equal(t, app.Ending{Lease: quiet.Lease, At: got.GrantedAt, Reason: app.ReasonTaken, By: by}, got.Endings[0])
	_, err = in.ask(app.Reservation{Lease: quiet.Lease, Fingerprint: "quiet", User: "ada", Revive: true})
	assert.Equal(t, app.CodeLeaseTaken, app.CodeOf(err))
	_, err = in.ask(app.Reservation{Fingerprint: "newer", User: "cid"})
	require.NoError(t, err, "the other silent one is next")
	_, err = in.ask(app.Reservation{Fingerprint: "newest", User: "cid"})
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "what is pending, fresh or borrowed stays")
}

func TestALongerLeaseTimeMakesNobodyIdle(t *testing.T) {
	t.Parallel()
	for name, longer := range map[string]func(*app.License){
		"lease time":      func(l *app.License) { l.LeaseTTL = time.Hour },
		"a lease's grace": func(l *app.License) { l.LeaseGrace = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Minute, Policy: app.Policy{WhenFull: app.WhenFullTake, TakeIdle: 30 * time.Second}})
			held := in.got("laptop", "ada")
			longer(&in.license)
			in.license.Revision++
			in.refused(app.CodeNoSeats, "desk", "bob")
			require.NoError(t, in.client.HSet(t.Context(), oneLicenseKeys+"state", "paced", time.Now().Add(-31*time.Second).UnixMicro()).Err())
			got, err := in.ask(app.Reservation{Fingerprint: "desk", User: "bob"})
			require.NoError(t, err, "since the change it is silent for long enough")
			assert.Equal(t, held.Lease, got.Endings[0].Lease)
		})
	}
}

func TestNobodyTakesTheSeatThatIsKeptForOthers(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 2, Policy: app.Policy{WhenFull: app.WhenFullTake, Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}}})
	kept, rest := in.got("dev", "dan", "devs"), in.got("rest", "ada")
	in.silent(kept.Lease, 2*time.Minute)
	in.silent(rest.Lease, time.Minute)
	got, err := in.ask(app.Reservation{Fingerprint: "other", User: "bob"})
	require.NoError(t, err)
	assert.Equal(t, rest.Lease, got.Endings[0].Lease, "the kept one is idler, and does not make room for others")
	got, err = in.ask(app.Reservation{Fingerprint: "dev2", User: "eve", Groups: []string{"devs"}})
	require.NoError(t, err)
	assert.Equal(t, "devs", got.Group)
}

func TestASilentLeaseKeepsItsSeatForItsGrace(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Minute, Policy: app.Policy{LeaseGrace: time.Minute}})
	held := in.got("laptop", "ada")
	assert.Equal(t, held.GrantedAt.Add(time.Minute), held.ExpiresAt, "the holder is told the lease time")
	in.silent(held.Lease, 90*time.Second)
	in.refused(app.CodeNoSeats, "desk", "bob")
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), held.Lease, "ada")
	require.NoError(t, err)
	assert.False(t, beat.Revived, "it had its seat all the time")
	assert.WithinDuration(t, time.Now().Add(time.Minute), beat.ExpiresAt, 20*time.Second)
	usage, err := in.seats.Usage(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.WithinDuration(t, beat.ExpiresAt.Add(time.Minute), usage.NextFree, time.Millisecond)
	in.silent(held.Lease, 121*time.Second)
	in.got("desk", "bob")
}

func TestInTheGraceOfALicenceOnlyWhatIsHeldIsRenewed(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, LeaseTTL: time.Minute, ExpiresAt: time.Now().Add(time.Hour), MaxBorrow: time.Hour, Policy: app.Policy{Grace: time.Hour}})
	held, late := in.got("laptop", "ada"), in.got("late", "ada")
	assert.False(t, held.InGrace)
	in.license.ExpiresAt = time.Now().Add(-time.Minute)
	again := in.got("laptop", "ada")
	assert.True(t, again.InGrace)
	assert.Equal(t, again.GrantedAt.Add(time.Minute), again.ExpiresAt)
	in.refused(app.CodeLicenseExpired, "desk", "bob")
	_, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: time.Minute})
	assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(err))
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), held.Lease, "ada")
	require.NoError(t, err)
	assert.True(t, beat.InGrace)
	in.silent(late.Lease, time.Hour)
	_, err = in.seats.Extend(t.Context(), in.license.Ref(), late.Lease, "ada")
	assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(err))
	in.license.ExpiresAt = time.Now().Add(-time.Hour)
	in.refused(app.CodeLicenseExpired, "laptop", "ada")
	_, err = in.seats.Extend(t.Context(), in.license.Ref(), held.Lease, "ada")
	assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(err))
}

func TestALicenceThatGetsALimitIsCountedFirst(t *testing.T) {
	t.Parallel()
	first := open("laptop", "ada", "")
	in := newOneLicense(t, app.License{Seats: 3}, first)
	in.license.UserSeats, in.license.Revision = 1, 2
	_, err := in.seats.Configure(t.Context(), in.license, 0)
	require.NoError(t, err)
	_, err = in.seats.Extend(t.Context(), in.license.Ref(), first.ID, "ada")
	require.ErrorIs(t, err, app.ErrCold)
	_, err = in.reserve("desk", "ada")
	require.ErrorIs(t, err, app.ErrCold)
	load(t, in.seats, in.license, first)
	in.refused(app.CodeUserLimit, "desk", "ada")
	in.license.UserSeats, in.license.Revision = 0, 3
	in.got("desk", "ada")
	in.license.UserSeats, in.license.Revision = 2, 4
	assert.Equal(t, 2, in.refused(app.CodeUserLimit, "tablet", "ada").InUse, "it was counted all the time")
}

func TestWhatTheProgramBeforeChangedIsLoadedAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(in *oneLicense, lease string){
		"a seat that it freed": func(in *oneLicense, lease string) {
			require.NoError(in, in.client.ZRem(in.Context(), oneLicenseKeys+"leases", lease).Err())
			require.NoError(in, in.client.HDel(in.Context(), oneLicenseKeys+"holders", lease).Err())
		},
		"a seat that it gave": func(in *oneLicense, lease string) {
			require.NoError(in, in.client.ZRem(in.Context(), oneLicenseKeys+"index", "u"+holderOf(in, lease)+":"+lease).Err())
		},
		"a licence that it loaded": func(in *oneLicense, _ string) {
			require.NoError(in, in.client.HDel(in.Context(), oneLicenseKeys+"state", "indexed").Err())
			require.NoError(in, in.client.Del(in.Context(), oneLicenseKeys+"index", oneLicenseKeys+"groups").Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := open("laptop", "ada", ""), open("desk", "bob", "")
			in := newOneLicense(t, app.License{Seats: 3, Policy: app.Policy{UserSeats: 1}}, first, second)
			ask := []app.Look{{Ref: in.license.Ref(), Leases: []string{first.ID, second.ID}}}
			found, err := in.seats.Look(t.Context(), ask, time.Second)
			require.NoError(t, err)
			require.False(t, found[0].Cold)
			change(in, first.ID)
			found, err = in.seats.Look(t.Context(), ask, time.Second)
			require.NoError(t, err)
			assert.True(t, found[0].Cold)
		})
	}
}

// holderOf is the user of a lease as the store writes it.
func holderOf(in *oneLicense, lease string) string {
	in.Helper()
	holder, err := in.client.HGet(in.Context(), oneLicenseKeys+"holders", lease).Result()
	require.NoError(in, err)
	return holder[33:65]
}

func TestASeatThatAnotherRequestOfTheDeviceReservedIsJoined(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	first, err := in.ask(app.Reservation{Fingerprint: "a", User: "ada"})
	require.NoError(t, err)
	assert.True(t, first.New)
	second, err := in.ask(app.Reservation{Fingerprint: "a", User: "ada"})
	require.NoError(t, err)
	assert.Equal(t, first.Lease, second.Lease, "one seat for one device")
	assert.True(t, second.Joined, "nobody has it yet")
	assert.False(t, second.New)
	third, err := in.reserve("a", "ada")
	require.NoError(t, err)
	assert.True(t, third.Joined)
	fourth, err := in.reserve("a", "ada")
	require.NoError(t, err)
	assert.False(t, fourth.Joined, "it is confirmed, and only kept for longer")
}

func TestTheLicencesThatNameWhoEndedALeaseAreFound(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	named := func(tenant string) []string {
		found, err := in.seats.Named(in.Context(), tenant)
		require.NoError(t, err)
		return found
	}
	released, forced, expired := in.got("laptop", "ada"), in.got("desk", "bob"), in.got("tablet", "cid")
	in.silent(expired.Lease, time.Hour)
	_, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Empty(t, named("demo"), "the service itself is nobody")
	for _, lease := range []string{released.Lease, forced.Lease} {
		_, err := in.seats.Free(t.Context(), in.license.Ref(), lease, "", app.ReasonForced, app.Origin{User: "root"}, nil)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"inside"}, named("demo"))
	assert.Empty(t, append(named("dem"), named("demo2")...), "another tenant's")
	endings, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), endings))
	assert.Empty(t, named("demo"))
}

// The live state is lost between the taking of a seat and its writing, and loaded in between.
func TestASeatThatWasTakenDoesNotComeBackByALoadThatReadTheLedgerBefore(t *testing.T) {
	t.Parallel()
	for _, reason := range []app.Reason{app.ReasonTaken, app.ReasonForced, app.ReasonReleased, app.ReasonExpired} {
		loser := open("laptop", "ada", "")
		in := newOneLicense(t, app.License{Seats: 1, Policy: app.Policy{WhenFull: app.WhenFullTake}}, loser)
		winner := app.Lease{Tenant: "demo", License: "inside", ID: app.NewLeaseID("inside"), Kind: app.KindFloating, ExpiresAt: time.Now().Add(time.Minute)}
		held, err := in.seats.Confirm(t.Context(), winner, []app.Ending{{Lease: loser.ID, At: time.Now().Add(-time.Second), Reason: reason}})
		require.NoError(t, err)
		assert.False(t, held, "its own seat was lost, too")
		_, err = in.seats.Extend(t.Context(), in.license.Ref(), loser.ID, "ada")
		if reason.Final() {
			assert.ErrorIs(t, err, app.ErrAbsent, reason)
		} else {
			assert.NoError(t, err, "it was seated since")
		}
	}
}
