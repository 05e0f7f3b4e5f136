package server_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

// assertOver holds when a lease that was taken away stays so.
func (h *hooked) assertOver(t *testing.T, lease app.Lease) {
	t.Helper()
	_, err := h.Heartbeat(t.Context(), ada(), lease.ID)
	assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
	assert.Zero(t, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
	assert.Zero(t, h.inUse(t, lease.License))
}

func TestALeaseThatIsTakenAwayDoesNotComeBackByAHeartbeatUnderWay(t *testing.T) {
	t.Parallel()
	for name, meet := range map[string]func(*testing.T, *hooked, app.Lease){
		"the seat is free and the ledger does not know yet": func(t *testing.T, h *hooked, lease app.Lease) {
			h.ledger.beforeEnd = func() {
				_, err := h.Heartbeat(t.Context(), ada(), lease.ID)
				assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
			}
			require.NoError(t, h.ForceRelease(t.Context(), root(), lease.ID))
		},
		"all is over before the heartbeat reserves": func(t *testing.T, h *hooked, lease app.Lease) {
			h.expire(t, lease)
			require.NoError(t, h.Reap(t.Context()))
			h.ledger.afterLease = func() { require.NoError(t, h.ForceRelease(t.Context(), root(), lease.ID)) }
			_, err := h.Heartbeat(t.Context(), ada(), lease.ID)
			assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
		},
		"it is taken while the ledger writes the revival": func(t *testing.T, h *hooked, lease app.Lease) {
			h.expire(t, lease)
			require.NoError(t, h.Reap(t.Context()))
			h.ledger.beforeGrant = func() error {
				h.ledger.beforeGrant = nil
				return h.ForceRelease(t.Context(), root(), lease.ID)
			}
			_, err := h.Heartbeat(t.Context(), ada(), lease.ID)
			assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
		},
		"the live state is lost before the ledger knows": func(t *testing.T, h *hooked, lease app.Lease) {
			h.ledger.beforeEnd = func() {
				// A restored snapshot: another process's, with the endings that it had.
				require.NoError(t, h.client.HSet(t.Context(), "seats:{demo-1a2b/demo}:state", "run", "0000").Err())
				_, err := h.Heartbeat(t.Context(), ada(), lease.ID)
				assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
			}
			require.NoError(t, h.ForceRelease(t.Context(), root(), lease.ID))
		},
		"the live state is lost and rebuilt before the ledger knows": func(t *testing.T, h *hooked, lease app.Lease) {
			h.ledger.beforeEnd = func() {
				require.NoError(t, h.client.FlushAll(t.Context()).Err())
				assert.Equal(t, 1, h.inUse(t, "demo"), "for the ledger it is open still")
			}
			require.NoError(t, h.ForceRelease(t.Context(), root(), lease.ID))
		},
		"the user gave it back after it had expired": func(t *testing.T, h *hooked, lease app.Lease) {
			h.expire(t, lease)
			require.NoError(t, h.Reap(t.Context()))
			require.NoError(t, h.Release(t.Context(), ada(), lease.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
			require.NoError(t, err)
			meet(t, h, g.Lease)
			h.assertOver(t, g.Lease)
		})
	}
}

func TestAnAcquireUnderWayGetsANewLeaseWhenItsOwnIsTakenAway(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	first, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	h.ledger.beforeGrant = func() error {
		h.ledger.beforeGrant = nil
		return h.ForceRelease(t.Context(), root(), first.Lease.ID)
	}
	g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	assert.True(t, g.New)
	assert.NotEqual(t, first.Lease.ID, g.Lease.ID)
	_, err = h.Heartbeat(t.Context(), ada(), first.Lease.ID)
	assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
	assert.Equal(t, 1, h.inUse(t, "demo"))
}

func TestAForcedReleaseHoldsAgainstBusyHeartbeats(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	for round := range 10 {
		lease := api.acquire(t, "big", ada, fmt.Sprintf("device-%d", round)).text("leaseId")
		var stop atomic.Bool
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for !stop.Load() {
					_, _ = api.try("POST", "/v1/leases/"+lease+"/heartbeat", ada, "")
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		assert.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+lease+"/force-release", admin, "").status)
		time.Sleep(20 * time.Millisecond)
		stop.Store(true)
		group.Wait()
		require.Equal(t, "lease_ended", api.heartbeat(t, ada, lease).text("code"))
	}
}
