package redis_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// While the ledger is away, any number of endings waits for it.
func TestALoadDoesNotGoThroughAllWaitingEndings(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 9})
	waiting := make([]goredis.Z, 5000)
	for i := range waiting {
		waiting[i] = goredis.Z{Score: float64(i + 1), Member: fmt.Sprintf("inside_%026d released", i)}
	}
	require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"endings", waiting...).Err())
	released, taken, expired, other := open("a", "ada", ""), open("b", "bob", ""), open("c", "cid", ""), open("d", "dan", "")
	for lease, reason := range map[string]app.Reason{released.ID: app.ReasonReleased, taken.ID: app.ReasonTaken, expired.ID: app.ReasonExpired} {
		require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"endings", goredis.Z{Score: 1, Member: lease + " " + string(reason)}).Err())
	}
	require.NoError(t, in.client.HSet(t.Context(), oneLicenseKeys+"state", "run", "another").Err())

	require.NoError(t, in.client.ConfigResetStat(t.Context()).Err())
	load(t, in.seats, in.license, released, taken, expired, other)
	asked := 0
	for _, calls := range commands(t, in.client) {
		asked += calls
	}
	assert.Less(t, asked, 100, "%v", commands(t, in.client))

	held, err := in.client.HKeys(t.Context(), oneLicenseKeys+"holders").Result()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{expired.ID, other.ID}, held, "what was given back or taken is over, though the ledger does not know it yet")
	devices, err := in.client.HLen(t.Context(), oneLicenseKeys+"devices").Result()
	require.NoError(t, err)
	assert.EqualValues(t, 2, devices)
	left, err := in.client.ZCard(t.Context(), oneLicenseKeys+"endings").Result()
	require.NoError(t, err)
	assert.EqualValues(t, 5002, left, "what has its seat again has not expired")
}

func TestALoadOfNothingButWhatIsOverLeavesAnEmptyLicence(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	released := open("a", "ada", "")
	require.NoError(t, in.client.ZAdd(t.Context(), oneLicenseKeys+"endings", goredis.Z{Score: 1, Member: released.ID + " released"}).Err())
	require.NoError(t, in.client.HSet(t.Context(), oneLicenseKeys+"state", "run", "another").Err())
	load(t, in.seats, in.license, released)
	usage, err := in.seats.Usage(t.Context(), in.license.Ref())
	require.NoError(t, err)
	assert.Zero(t, usage.InUse)
}

// One that stood still for so long that another one has begun, and the licence was used and is to be loaded
// again, has read what is old by now.
func TestARebuildThatAnotherOneHasOvertakenIsBegunAnew(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 2})
	cold := func() {
		require.NoError(t, in.client.HDel(t.Context(), oneLicenseKeys+"state", "run").Err())
	}
	cold()
	rebuild, err := in.seats.Begin(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.NoError(t, in.seats.Stage(t.Context(), rebuild, in.license, []app.Lease{open("old", "ada", "")}))
	require.NoError(t, in.client.Del(t.Context(), oneLicenseKeys+"state:rebuild").Err(), "its time is over")
	load(t, in.seats, in.license)
	in.got("laptop", "bob")
	cold()
	assert.ErrorIs(t, in.seats.Stage(t.Context(), rebuild, in.license, []app.Lease{open("older", "ada", "")}), app.ErrCold)
	assert.ErrorIs(t, in.seats.Load(t.Context(), rebuild, in.license), app.ErrCold)
	_, err = in.seats.Begin(t.Context(), in.license.Ref())
	assert.NoError(t, err)
}
