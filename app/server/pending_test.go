package server_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAFailedRequestLeavesTheSeatToTheSameDevicesNext(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	begun, calls := make(chan struct{}), atomic.Int64{}
	h.sign = func(ctx context.Context) error {
		if calls.Add(1) > 1 {
			return nil
		}
		close(begun)
		<-ctx.Done() // the key does not answer until the client hangs up
		return unavailableKey()
	}
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := h.Borrow(ctx, ada(), "one", "laptop", 24*time.Hour)
		first <- err
	}()
	await.Receive(t, begun)
	g, err := h.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
	require.NoError(t, err, "the client tries again and is given a signed file")
	hangUp()
	require.Error(t, await.Receive(t, first))

	assert.Equal(t, 1, h.inUse(t, "one"))
	_, err = h.Borrow(t.Context(), bob(), "one", "desk", 24*time.Hour)
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "the seat of the first file is not sold again")
	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	assert.NoError(t, err)
}

func TestTwoFailedRequestsOfADeviceGiveItsSeatBack(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	both := make(chan struct{}, 2)
	goOn := make(chan struct{})
	h.sign = func(context.Context) error {
		both <- struct{}{}
		await.Receive(t, goOn)
		return unavailableKey()
	}
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := h.Acquire(t.Context(), ada(), "one", "laptop")
			failed <- err
		}()
	}
	await.Receive(t, both)
	await.Receive(t, both)
	close(goOn)
	require.Error(t, await.Receive(t, failed))
	require.Error(t, await.Receive(t, failed))
	assert.Zero(t, h.inUse(t, "one"))
}

func TestAFailedRevivalLeavesTheSeatToTheOther(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	g, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	h.expire(t, g.Lease)
	require.NoError(t, h.Reap(t.Context()))
	second, goOn, calls := make(chan struct{}), make(chan struct{}), atomic.Int64{}
	h.ledger.beforeGrant = func() error {
		if calls.Add(1) == 2 {
			close(second)
			await.Receive(t, goOn)
			return app.Unavailable("ledger", context.Canceled)
		}
		await.Receive(t, second)
		return nil
	}
	results := make(chan error, 2)
	for range 2 {
		go func() { _, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID); results <- err }()
	}
	require.NoError(t, await.Receive(t, results), "one heartbeat revived the lease")
	close(goOn)
	require.Error(t, await.Receive(t, results))
	assert.Equal(t, 1, h.inUse(t, "one"))
}

func TestABorrowThatFailsLeavesTheDevicesLeaseAsItWas(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	g, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	h.sign = func(context.Context) error { return unavailableKey() }
	_, err = h.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
	require.Error(t, err)
	extended, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(5*time.Minute), extended.ExpiresAt, time.Minute, "it floats")
}

func TestABorrowWhoseAnswerWasLostIsAskedForAgainOrGivenBack(t *testing.T) {
	t.Parallel()
	for name, goOn := range map[string]func(*testing.T, *hooked, app.Lease){
		"asked for again": func(t *testing.T, h *hooked, lease app.Lease) {
			g, err := h.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
			require.NoError(t, err)
			assert.Equal(t, lease.ID, g.Lease.ID)
			assert.Equal(t, app.KindBorrowed, g.Lease.Kind)
			assert.WithinDuration(t, time.Now().Add(24*time.Hour), g.Lease.ExpiresAt, time.Minute)
		},
		"given up, and kept by heartbeats": func(t *testing.T, h *hooked, lease app.Lease) {
			extended, err := h.Heartbeat(t.Context(), ada(), lease.ID)
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(5*time.Minute), extended.ExpiresAt, time.Minute, "it floats")
		},
		"given up, and all live seats are lost": func(t *testing.T, h *hooked, lease app.Lease) {
			require.NoError(t, h.client.FlushAll(t.Context()).Err())
			extended, err := h.Heartbeat(t.Context(), ada(), lease.ID)
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(24*time.Hour), extended.ExpiresAt, time.Minute, "the ledger says that it is borrowed")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			h.create(t, "one")
			first, err := h.Acquire(t.Context(), ada(), "one", "laptop")
			require.NoError(t, err)
			h.ledger.afterGrant = func() error { return app.Unavailable("ledger", context.DeadlineExceeded) }
			_, err = h.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
			require.Equal(t, app.CodeUnavailable, app.CodeOf(err))
			goOn(t, h, first.Lease)
			assert.Equal(t, 1, h.inUse(t, "one"))
			require.NoError(t, h.Release(t.Context(), ada(), first.Lease.ID))
			assert.Zero(t, h.inUse(t, "one"))
		})
	}
}

func TestTheLaterOfABorrowAndAnAcquireDoesNotUndoTheBorrow(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	first, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	// The acquire has reserved when the borrow begins, and is written after it.
	reserved, goOn, calls := make(chan struct{}), make(chan struct{}), atomic.Int64{}
	h.sign = func(context.Context) error {
		if calls.Add(1) == 1 {
			close(reserved)
			await.Receive(t, goOn)
		}
		return nil
	}
	acquired := make(chan error, 1)
	go func() { _, err := h.Acquire(t.Context(), ada(), "one", "laptop"); acquired <- err }()
	await.Receive(t, reserved)
	borrowed, err := h.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, first.Lease.ID, borrowed.Lease.ID)
	close(goOn)
	require.NoError(t, await.Receive(t, acquired))

	h.fixture.forgetSeats(t, "one")
	kept, err := h.Heartbeat(t.Context(), ada(), borrowed.Lease.ID)
	require.NoError(t, err)
	assert.WithinDuration(t, borrowed.Lease.ExpiresAt, kept.ExpiresAt, time.Millisecond, "the rebuilt seat is borrowed, too")
}

func TestALeaseStaysWithItsUser(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada, bob := w.google.Mint(t, apptest.Claims(mine, "ada")), w.google.Mint(t, apptest.Claims(mine, "bob"))
	r := api.call(t, "POST", "/v1/licenses/demo/borrow", ada, `{"fingerprint":"adas-laptop","durationSeconds":86400}`)
	require.Equal(t, 201, r.status)
	lease := r.text("leaseId")
	assert.Equal(t, "not_lease_holder", api.acquire(t, "demo", bob, "adas-laptop").text("code"), "naming a device does not take its lease over")
	assert.Equal(t, 200, api.heartbeat(t, ada, lease).status)
	assert.Equal(t, 403, api.release(t, bob, lease).status)
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE id = $1 AND user_id = 'ada'`, lease))
	assert.Equal(t, 204, api.release(t, ada, lease).status)
	assert.Equal(t, 201, api.acquire(t, "demo", bob, "adas-laptop").status, "a device may change hands")
}

func TestFaultsAnAPIKilledInTheMiddleOfABorrowKeepsTheSeatForHalfAMinuteAtMost(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api, other := w.serveChild(t), w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims(mine, "ada"))
	require.Equal(t, 201, other.call(t, "POST", "/v1/licenses", w.admin(t), `{"id":"one","product":"p","seats":1,"leaseSeconds":10,"heartbeatSeconds":3,"maxBorrowSeconds":7776000}`).status)
	release, begun := w.google.Hold(), time.Now()
	go func() {
		_, _ = api.try("POST", "/v1/licenses/one/borrow", token, `{"fingerprint":"laptop","durationSeconds":7776000}`)
	}()
	w.held(t, 1)
	api.kill()
	release()
	assert.Equal(t, 409, other.acquire(t, "one", token, "desk").status, "nobody knows yet that the borrower is not served")
	client := w.redis.Client()
	defer client.Close()
	const leases = "seats:{demo-1a2b/one}:leases"
	reserved := client.ZRangeWithScores(t.Context(), leases, 0, -1).Val()
	require.Len(t, reserved, 1)
	assert.WithinDuration(t, begun, time.UnixMicro(int64(reserved[0].Score)), time.Minute, "not for the time of the borrow")
	require.NoError(t, client.ZAddXX(t.Context(), leases, goredis.Z{Score: 1, Member: reserved[0].Member}).Err())
	assert.Equal(t, 201, other.acquire(t, "one", token, "desk").status)
}

func TestARebuildThatAnotherLossOvertakesIsBegunAgain(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	other := h.fixture.service(t)
	var g app.Grant
	h.ledger.afterSeat = func() {
		// This instance has read that nobody has a lease. Another gives one, and all is lost.
		var err error
		g, err = other.Borrow(t.Context(), ada(), "one", "laptop", 24*time.Hour)
		require.NoError(t, err)
		require.NoError(t, h.client.FlushAll(t.Context()).Err())
	}
	assert.Equal(t, 1, h.inUse(t, "one"))
	_, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err)
}

func TestAHolderKeepsWhatItWasPromisedWhenTheLeaseTimeIsShortenedAndAllIsLost(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "one", Product: "p", Seats: 1, LeaseTTL: time.Hour, HeartbeatInterval: 20 * time.Minute})
	require.NoError(t, err)
	g, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	_, err = h.UpdateLicense(t.Context(), root(), "one", app.ActionUpdate, nil, func(l *app.License) {
		l.LeaseTTL, l.HeartbeatInterval = 10*time.Second, 3*time.Second
	})
	require.NoError(t, err)
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	_, usage, err := h.GetLicense(t.Context(), ada(), "one")
	require.NoError(t, err)
	// The ledger adds the minute in which seats that are live learn of a change.
	assert.WithinRange(t, usage.NextFree, g.Lease.ExpiresAt.Add(-time.Second), time.Now().Add(time.Hour+time.Minute))
}
