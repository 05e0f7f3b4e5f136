package server_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
	"github.com/coditect-ai/license-platform/app/redis"
)

// clocked is the domain over the real stores, with a clock of the API's own that a
// test can move.
type clocked struct {
	*app.Service
	fixture *fixture
	redis   *goredis.Client
	ahead   atomic.Int64
	// ada is a user of the tenant that has the licence "short".
	ada app.Principal
}

func newClocked(t *testing.T) *clocked {
	t.Helper()
	w := newFixture(t)
	c := &clocked{fixture: w, redis: w.redis.Client(), ada: app.Principal{Tenant: "demo-1a2b", User: "ada"}}
	t.Cleanup(func() { require.NoError(t, c.redis.Close()) })
	c.Service = app.New(app.Dependencies{
		Ledger: w.ledger(t), Seats: redis.NewSeats(c.redis, func(string, time.Duration, error) {}), Signer: unsigned{},
		Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Issuer: "https://licenses.coditect.ai",
		Now: func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) },
	})
	return c
}

// newFull is a clocked whose licence "short" has both of its seats taken by ada.
func newFull(t *testing.T) (c *clocked, first, second app.Grant) {
	t.Helper()
	c = newClocked(t)
	first, err := c.Acquire(t.Context(), c.ada, "short", "device-1")
	require.NoError(t, err)
	second, err = c.Acquire(t.Context(), c.ada, "short", "device-2")
	require.NoError(t, err)
	return c, first, second
}

// shiftRedis makes Redis' clock jump: its scripts only ever compare the times that
// they wrote with the server's own, so that moving all of those back is the same as
// moving the clock ahead.
func (c *clocked) shiftRedis(t *testing.T, ahead time.Duration) {
	t.Helper()
	ctx := context.Background()
	const prefix = "seats:{demo-1a2b/short}:"
	for _, name := range []string{"leases", "endings"} {
		scores, err := c.redis.ZRangeWithScores(ctx, prefix+name, 0, -1).Result()
		require.NoError(t, err)
		for _, z := range scores {
			require.NoError(t, c.redis.ZAdd(ctx, prefix+name, goredis.Z{Score: z.Score - float64(ahead.Microseconds()), Member: z.Member}).Err())
		}
	}
}

func TestFaultsAJumpOfTheAPIsClockNeitherFreesNorExtendsASeat(t *testing.T) {
	drill(t)
	t.Parallel()
	for name, jump := range map[string]time.Duration{"two days ahead": 48 * time.Hour, "two days back": -48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			c, first, _ := newFull(t)

			c.ahead.Store(int64(jump))
			require.NoError(t, c.Reap(ctx), "the housekeeping has the jumped clock, too")
			_, err := c.Acquire(ctx, c.ada, "short", "device-3")
			assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "no seat was freed")
			kept, err := c.Heartbeat(ctx, c.ada, first.Lease.ID)
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(10*time.Second), kept.ExpiresAt, time.Minute, "a heartbeat extends by Redis' clock")
			again, err := c.Acquire(ctx, c.ada, "short", "device-1")
			require.NoError(t, err)
			assert.Equal(t, first.Lease.ID, again.Lease.ID)
			assert.WithinDuration(t, time.Now().Add(10*time.Second), again.Lease.ExpiresAt, time.Minute)

			// Nor does a seat last longer: the one without a heartbeat ends in real time.
			time.Sleep(10*time.Second + 200*time.Millisecond)
			_, err = c.Acquire(ctx, c.ada, "short", "device-3")
			require.NoError(t, err)
		})
	}
}

func TestFaultsWhenRedisClockJumpsAheadLeasesExpireAndNothingIsSoldTwice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, first, second := newFull(t)

	c.shiftRedis(t, time.Hour)
	_, err := c.Heartbeat(ctx, c.ada, first.Lease.ID)
	require.NoError(t, err, "who comes first keeps the seat")
	third, err := c.Acquire(ctx, c.ada, "short", "device-3")
	require.NoError(t, err, "the seat without a heartbeat went to the next")
	_, err = c.Heartbeat(ctx, c.ada, second.Lease.ID)
	assert.Equal(t, app.CodeLeaseExpired, app.CodeOf(err), "and its holder is told so")
	_, err = c.Heartbeat(ctx, c.ada, third.Lease.ID)
	require.NoError(t, err)
	require.NoError(t, c.Reap(ctx))
	assert.Equal(t, 2, c.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'short' AND ended_at IS NULL`))
}

func TestFaultsWhenRedisClockJumpsBackSeatsLastLongerUntilTheNextHeartbeat(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, first, second := newFull(t)

	c.shiftRedis(t, -time.Hour)
	require.NoError(t, c.Reap(ctx))
	_, err := c.Acquire(ctx, c.ada, "short", "device-3")
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "nothing is sold twice")
	kept, err := c.Heartbeat(ctx, c.ada, first.Lease.ID)
	require.NoError(t, err, "nobody loses a seat")
	assert.WithinDuration(t, time.Now().Add(10*time.Second), kept.ExpiresAt, time.Minute, "a heartbeat brings the expiry back to a lease time from now")
	require.NoError(t, c.Release(ctx, c.ada, second.Lease.ID), "a seat can be given back")
	_, err = c.Acquire(ctx, c.ada, "short", "device-3")
	require.NoError(t, err)
}

func TestFaultsWhenRedisClockJumpsBackALeaseThatEndsByItselfIsNotSoldBeforeTheLedgerEndsIt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, first, second := newFull(t)

	// The clock goes back by an hour: what it said before lies ahead.
	c.shiftRedis(t, -time.Hour)
	c.fixture.postgres.Admin(t, `UPDATE licensing.lease SET granted_at = granted_at + interval '1 hour', seated_at = seated_at + interval '1 hour', expires_at = expires_at + interval '1 hour'`)
	for _, lease := range []string{first.Lease.ID, second.Lease.ID} {
		_, err := c.Heartbeat(ctx, c.ada, lease)
		require.NoError(t, err)
	}
	c.fixture.expire(t, "short", second.Lease.ID)
	require.NoError(t, c.Reap(ctx))
	_, err := c.Acquire(ctx, c.ada, "short", "device-3")
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "for the ledger it is seated later than it ended")
	_, err = c.Heartbeat(ctx, c.ada, second.Lease.ID)
	require.NoError(t, err, "its device has it again all the same")
	require.NoError(t, c.Release(ctx, c.ada, second.Lease.ID), "and can give it back")
	_, err = c.Acquire(ctx, c.ada, "short", "device-3")
	require.NoError(t, err)
	_, err = c.Heartbeat(ctx, c.ada, first.Lease.ID)
	require.NoError(t, err)
	assert.Equal(t, 2, c.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'short' AND ended_at IS NULL`))
}
