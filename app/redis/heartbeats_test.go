package redis_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

func TestHeartbeatsSentTogetherEachGetTheirOwnAnswer(t *testing.T) {
	server := apptest.StartRedis(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	client, err := redis.Open(redis.Options{Address: server.Address, CA: server.CA, Password: apptest.Password})
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	license := app.License{Tenant: "demo", ID: "demo", Product: "p", Seats: 2500}.Defaulted()
	open := make([]app.Lease, 2500)
	for i := range open {
		open[i] = app.Lease{ID: app.NewLeaseID("demo"), Kind: app.KindFloating, Fingerprint: "device-" + strconv.Itoa(i), User: "user-" + strconv.Itoa(i%7)}
	}
	ctx := context.Background()
	_, err = seats.Extend(ctx, license.Ref(), open[0].ID, "user-0")
	require.ErrorIs(t, err, app.ErrCold)
	load(t, seats, license, open...)
	usage, err := seats.Usage(ctx, license.Ref())
	require.NoError(t, err)
	assert.Equal(t, 2500, usage.InUse, "all chunks were taken in")
	require.NoError(t, client.ScriptFlush(ctx).Err())

	var group sync.WaitGroup
	for i := range 500 {
		group.Go(func() {
			user := "user-" + strconv.Itoa(i%7)
			if i%5 == 0 {
				user = "stranger"
			}
			extended, err := seats.Extend(ctx, license.Ref(), open[i].ID, user)
			if user == "stranger" {
				assert.Equal(t, app.CodeNotHolder, app.CodeOf(err))
				return
			}
			assert.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(license.LeaseTTL), extended.ExpiresAt, time.Minute)
		})
	}
	group.Wait()
	hurried, cancel := context.WithCancel(ctx)
	cancel()
	_, err = seats.Extend(hurried, license.Ref(), open[0].ID, "user-0")
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err), "who hangs up does not wait")
	server.Kill(t)
	_, err = seats.Extend(ctx, license.Ref(), open[0].ID, "user-0")
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
}

func TestAHeartbeatDoesNotBelieveWhatAnotherServerProcessLeftBehind(t *testing.T) {
	t.Parallel()
	server := apptest.StartRedis(t)
	client := server.Client()
	defer func() { require.NoError(t, client.Close()) }()
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	license := app.License{Tenant: "demo", ID: "demo", Product: "p", Seats: 1}.Defaulted()
	lease := app.Lease{ID: app.NewLeaseID("demo"), Kind: app.KindFloating, Fingerprint: "device", User: "ada"}
	load(t, seats, license, lease)
	for _, user := range []string{"ada", "bob"} {
		_, err := seats.Extend(t.Context(), license.Ref(), lease.ID, user)
		require.NotErrorIs(t, err, app.ErrCold)
	}

	server.Snapshot(t)
	server.Kill(t)
	server.Start(t)
	for _, user := range []string{"ada", "bob"} {
		_, err := seats.Extend(t.Context(), license.Ref(), lease.ID, user)
		require.ErrorIs(t, err, app.ErrCold, "not even that %s holds the lease or does not", user)
	}
	load(t, seats, license, lease)
	_, err := seats.Extend(t.Context(), license.Ref(), lease.ID, "ada")
	require.NoError(t, err)
}

// load makes a licence live with leases.
func load(t *testing.T, seats *redis.Seats, license app.License, open ...app.Lease) {
	t.Helper()
	rebuild, err := seats.Begin(t.Context(), license.Ref())
	require.NoError(t, err)
	require.NoError(t, seats.Stage(t.Context(), rebuild, license, open))
	require.NoError(t, seats.Load(t.Context(), rebuild, license))
}

func TestALossTakesARebuildAlong(t *testing.T) {
	t.Parallel()
	client := apptest.StartRedis(t).Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	license := app.License{Tenant: "demo", ID: "demo", Product: "p", Seats: 1}.Defaulted()
	rebuild, err := seats.Begin(t.Context(), license.Ref())
	require.NoError(t, err)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	require.ErrorIs(t, seats.Load(t.Context(), rebuild, license), app.ErrCold)
	_, err = seats.Usage(t.Context(), license.Ref())
	require.ErrorIs(t, err, app.ErrCold, "an empty licence is not what the ledger says")

	rebuild, err = seats.Begin(t.Context(), license.Ref())
	require.NoError(t, err)
	_, err = seats.Begin(t.Context(), license.Ref())
	require.ErrorIs(t, err, app.ErrBusy, "one at a time")
	require.NoError(t, seats.Abandon(t.Context(), license.Ref(), rebuild))
	rebuild, err = seats.Begin(t.Context(), license.Ref())
	require.NoError(t, err, "the next one need not wait for one that failed")
	require.NoError(t, seats.Load(t.Context(), rebuild, license))
	require.NoError(t, seats.Load(t.Context(), rebuild, license), "to a warm one it does nothing")
	_, err = seats.Begin(t.Context(), license.Ref())
	require.ErrorIs(t, err, app.ErrWarm)
	names, err := client.Keys(t.Context(), "*"+rebuild.Ticket+"*").Result()
	require.NoError(t, err)
	assert.Empty(t, names, "and nothing is left of it")
}
