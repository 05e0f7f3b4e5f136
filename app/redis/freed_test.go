package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

func (in *oneLicense) free(lease, user string, settled ...app.Ending) (app.Ending, error) {
	return in.seats.Free(in.Context(), in.license.Ref(), lease, user, app.ReasonReleased, app.Origin{User: "ada"}, settled)
}

// looked has the housekeeping look at the licence, after which only what is asked for makes it due.
func (in *oneLicense) looked() {
	in.Helper()
	_, err := in.seats.Look(in.Context(), []app.Look{{Ref: in.license.Ref()}}, time.Hour)
	require.NoError(in, err)
}

// soon asserts that the housekeeping looks at the licence within seconds, for what the ledger has to be told.
func (in *oneLicense) soon() {
	in.Helper()
	due := time.UnixMicro(int64(in.client.ZScore(in.Context(), "housekeeping:due", "demo/inside").Val()))
	assert.True(in, due.After(time.Now().Add(-time.Minute)) && due.Before(time.Now().Add(6*time.Second)), "%s", due)
}

func TestASeatIsGivenBackByItsHolderOrByNobodyInPerson(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, LeaseTTL: time.Hour})
	first, second := in.got("laptop", "ada"), in.got("desk", "ada")
	_, err := in.free(first.Lease, "bob")
	assert.Equal(t, app.CodeNotHolder, app.CodeOf(err))
	_, err = in.free("inside_other", "ada")
	require.ErrorIs(t, err, app.ErrAbsent)
	assert.Equal(t, 2, in.usage().InUse)
	in.looked()
	ending, err := in.free(first.Lease, "ada")
	require.NoError(t, err)
	in.soon()
	_, err = in.free(second.Lease, "", ending)
	require.NoError(t, err)
	waiting, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.Len(t, waiting, 1, "the ledger has the first")
	assert.Equal(t, second.Lease, waiting[0].Lease)
	assert.Equal(t, "ada", waiting[0].By.User)
	require.NoError(t, in.client.HDel(t.Context(), oneLicenseKeys+"state", "run").Err())
	_, err = in.free(second.Lease, "ada")
	require.ErrorIs(t, err, app.ErrCold)
	assert.ErrorIs(t, in.seats.Cancel(t.Context(), in.license.Ref(), second.Lease, "claim", app.ReasonCancelled), app.ErrCold)
}

func TestWhatIsCancelledOrHasExpiredIsToldToTheLedgerSoon(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, LeaseTTL: time.Hour})
	in.looked()
	got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	require.NoError(t, err)
	require.NoError(t, in.seats.Cancel(t.Context(), in.license.Ref(), got.Lease, "claim", app.ReasonCancelled))
	in.soon()
	held := in.got("desk", "bob")
	waiting, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), waiting))
	in.looked()
	in.silent(held.Lease, 2*time.Hour)
	_, err = in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	in.soon()
}

func TestNothingIsLeftOfAHolderOnceTheLedgerHasTheEnding(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3, LeaseTTL: time.Hour, Policy: app.Policy{UserSeats: 3, Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}}})
	got, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada", Groups: []string{"devs"}})
	require.NoError(t, err)
	_, err = in.free(got.Lease, "ada")
	require.NoError(t, err)
	left := in.client.TTL(t.Context(), oneLicenseKeys+"origins").Val()
	assert.True(t, left > 29*24*time.Hour && left <= 30*24*time.Hour, "who ended it is kept for 30 days, if the ledger is away for so long: %s", left)
	waiting, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	earlier := waiting[0]
	earlier.At = earlier.At.Add(-time.Second)
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), []app.Ending{earlier}))
	again, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Equal(t, waiting, again, "that was an earlier ending")
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), waiting))
	kept, err := in.client.Keys(t.Context(), oneLicenseKeys+"*").Result()
	require.NoError(t, err)
	assert.Equal(t, []string{oneLicenseKeys + "state"}, kept)
	assert.Empty(t, in.client.ZRange(t.Context(), "housekeeping:named", 0, -1).Val())

	// Whatever else was written down of an ending.
	require.NoError(t, in.client.HSet(t.Context(), oneLicenseKeys+"origins", got.Lease+" released", `{"User":"ada"}`).Err())
	require.NoError(t, in.client.ZAdd(t.Context(), "housekeeping:named", goredis.Z{Member: "demo/inside"}).Err())
	_, err = in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Zero(t, in.client.Exists(t.Context(), oneLicenseKeys+"origins").Val())
	assert.Empty(t, in.client.ZRange(t.Context(), "housekeeping:named", 0, -1).Val())
}

func TestTheLicenceIsNamedForAsLongAsOneEndingNamesSomebody(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	first, second := in.got("laptop", "ada"), in.got("desk", "ada")
	ending, err := in.free(first.Lease, "ada")
	require.NoError(t, err)
	_, err = in.free(second.Lease, "ada")
	require.NoError(t, err)
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), []app.Ending{ending}))
	named, err := in.seats.Named(t.Context(), "demo")
	require.NoError(t, err)
	assert.Equal(t, []string{"inside"}, named)
}

func TestARequestThatBringsTheFirstLimitWaitsForALoad(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 3})
	in.license.UserSeats = 1
	in.license.Revision++
	_, err := in.ask(app.Reservation{Fingerprint: "laptop", User: "ada"})
	assert.ErrorIs(t, err, app.ErrCold)
}
