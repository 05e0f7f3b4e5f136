package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// A seat that is taken by longer terms of before ends by those of now, as after a heartbeat, once its
// holder is told so; not while the answer may fail.
func TestAnAcquireOfAHeldSeatIsByTheTermsOfNow(t *testing.T) {
	t.Parallel()
	for name, shorter := range map[string]func(*app.License){
		"a shorter lease time": func(l *app.License) { l.LeaseTTL = time.Minute },
		"no grace any more":    func(l *app.License) { l.LeaseGrace = 0 },
		"an earlier end":       func(l *app.License) { l.ExpiresAt = time.Now().Add(10 * time.Second) },
		"the same":             func(*app.License) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, Policy: app.Policy{LeaseGrace: time.Hour}})
			in.got("laptop", "ada")
			in.looked()
			before, err := in.seats.Usage(t.Context(), in.license.Ref())
			require.NoError(t, err)
			shorter(&in.license)
			in.license.Revision++
			again, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
			require.NoError(t, err)
			want, seat := again.GrantedAt.Add(in.license.LeaseTTL), again.GrantedAt.Add(in.license.LeaseTTL+in.license.LeaseGrace)
			if ends := in.license.ExpiresAt; !ends.IsZero() {
				want, seat = ends.Truncate(time.Microsecond), ends.Truncate(time.Microsecond)
			}
			assert.WithinDuration(t, want, again.ExpiresAt, 0)
			assert.Equal(t, name != "the same", again.Shortens)
			reserved, err := in.seats.Usage(t.Context(), in.license.Ref())
			require.NoError(t, err)
			assert.False(t, reserved.NextFree.Before(before.NextFree), "what was told before holds until something else is told")

			held, err := in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: again.Lease, Kind: again.Kind, ExpiresAt: again.ExpiresAt}, nil)
			require.NoError(t, err)
			assert.True(t, held)
			assert.Zero(t, in.client.HLen(t.Context(), oneLicenseKeys+"claims").Val(), "nothing is left of the request")
			usage, err := in.seats.Usage(t.Context(), in.license.Ref())
			require.NoError(t, err)
			assert.WithinDuration(t, seat, usage.NextFree, 0, "it is taken for as long as is told")
			due, err := in.client.ZScore(t.Context(), "housekeeping:due", "demo/inside").Result()
			require.NoError(t, err)
			assert.LessOrEqual(t, int64(due), usage.NextFree.UnixMicro(), "the housekeeping comes when the seat is free")
		})
	}
}

func TestAHeartbeatThatComesBeforeTheConfirmationCounts(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour})
	in.got("laptop", "ada")
	in.license.LeaseTTL = time.Minute
	in.license.Revision++
	again, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), again.Lease, "ada")
	require.NoError(t, err)
	require.True(t, beat.ExpiresAt.After(again.ExpiresAt))
	_, err = in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: again.Lease, Kind: again.Kind, ExpiresAt: again.ExpiresAt}, nil)
	require.NoError(t, err)
	usage, err := in.seats.Usage(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.WithinDuration(t, beat.ExpiresAt, usage.NextFree, 0)
}

// The terms change twice while a request is on its way.
func TestAHeartbeatByLongerTermsCountsByThoseOfTheConfirmation(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(30 * time.Second).Truncate(time.Microsecond)
	for name, shorter := range map[string]func(*app.License){
		"a shorter lease time": func(l *app.License) { l.LeaseTTL = time.Minute },
		"an earlier end":       func(l *app.License) { l.ExpiresAt = end },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour})
			longer := in.license
			in.got("laptop", "ada")
			in.license.LeaseTTL = 10 * time.Second
			in.license.Revision++
			again, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
			require.NoError(t, err)
			configure := func(change func(*app.License)) {
				now := longer
				change(&now)
				in.license.Revision++
				now.Revision = in.license.Revision
				_, err := in.seats.Configure(t.Context(), now, 0)
				require.NoError(t, err)
			}
			configure(func(*app.License) {})
			_, err = in.seats.Extend(t.Context(), in.license.Ref(), again.Lease, "ada")
			require.NoError(t, err)
			configure(shorter)
			_, err = in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: again.Lease, Kind: again.Kind, ExpiresAt: again.ExpiresAt}, nil)
			require.NoError(t, err)
			assert.True(t, in.usage().NextFree.Before(time.Now().Add(2*time.Minute)), "%s", in.usage().NextFree)
		})
	}
}

func TestALicenceThatEndedLongAgoIsOver(t *testing.T) {
	t.Parallel()
	for _, end := range []time.Time{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(0, 0), time.Unix(1, 0)} {
		in := newOneLicense(t, app.License{Seats: 2})
		held := in.got("laptop", "ada")
		in.license.ExpiresAt = end
		in.license.Revision++
		_, err := in.seats.Configure(t.Context(), in.license, 0)
		require.NoError(t, err)
		_, err = in.seats.Extend(t.Context(), in.license.Ref(), held.Lease, "ada")
		assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(err), "%s", end)
		in.refused(app.CodeLicenseExpired, "desk", "bob")
	}
}

// A ledger that was restored from a backup has older revisions, and only the caller knows that.
func TestNumbersOfALaterRevisionStayUnlessItIsOverruled(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, Revision: 7})
	older := in.license
	older.Seats, older.Revision = 1, 6
	configure := func(l app.License, overruled int64) int64 {
		revision, err := in.seats.Configure(t.Context(), l, overruled)
		require.NoError(t, err)
		return revision
	}
	assert.EqualValues(t, 7, configure(older, 0))
	assert.EqualValues(t, 7, configure(older, 5), "it was overruled already")
	in.got("laptop", "ada")
	in.got("desk", "bob")
	assert.EqualValues(t, 6, configure(older, 7))
	in.license = older
	in.refused(app.CodeNoSeats, "tablet", "cid")
}

// The end moves between the ledger's answer, which is told to the holder, and the confirmation.
func TestASeatLastsForWhatItsHolderIsToldThoughTheLicenceEndsSooner(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, Policy: app.Policy{LeaseGrace: time.Hour}})
	got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
	sooner := in.license
	sooner.ExpiresAt, sooner.Revision = time.Now().Add(time.Minute), 1
	_, err = in.seats.Configure(t.Context(), sooner, 0)
	require.NoError(t, err)
	held, err := in.seats.Confirm(t.Context(), app.Lease{Tenant: "demo", License: "inside", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt}, nil)
	require.NoError(t, err)
	require.True(t, held)
	assert.WithinDuration(t, got.ExpiresAt, in.usage().NextFree, 0)
}

func TestAHeartbeatKeepsALeaseAndItsSeatNoLongerThanTheLicence(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(30 * time.Minute).Truncate(time.Microsecond)
	for name, grace := range map[string]time.Duration{"without a grace": 0, "with a grace": 10 * time.Minute} {
		in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Hour, ExpiresAt: end, Policy: app.Policy{Grace: grace, LeaseGrace: time.Hour}})
		held := in.got("laptop", "ada")
		in.silent(held.Lease, time.Hour)
		beat, err := in.seats.Extend(t.Context(), in.license.Ref(), held.Lease, "ada")
		require.NoError(t, err, name)
		assert.WithinDuration(t, end.Add(grace), beat.ExpiresAt, 0, name)
		assert.WithinDuration(t, end.Add(grace), in.usage().NextFree, 0, name)
	}
}

func TestAHeartbeatOfALeaseThatTheLedgerDoesNotHaveYetIsForTheLedger(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
	before := in.usage().NextFree
	_, err = in.seats.Extend(t.Context(), in.license.Ref(), got.Lease, "ada")
	require.ErrorIs(t, err, app.ErrAbsent)
	assert.Equal(t, before, in.usage().NextFree, "its seat may still go back")
}

func TestABorrowedLeaseIsToldTheLicencesEndWhenThatWasMovedBeforeItsOwn(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1, LeaseTTL: time.Minute, MaxBorrow: 24 * time.Hour})
	got := in.confirmed(app.Reservation{Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: 24 * time.Hour})
	sooner := in.license
	sooner.ExpiresAt, sooner.Revision = time.Now().Add(time.Hour).Truncate(time.Microsecond), 1
	_, err := in.seats.Configure(t.Context(), sooner, 0)
	require.NoError(t, err)
	beat, err := in.seats.Extend(t.Context(), in.license.Ref(), got.Lease, "ada")
	require.NoError(t, err)
	assert.WithinDuration(t, sooner.ExpiresAt, beat.ExpiresAt, 0)
}
