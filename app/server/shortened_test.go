package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestWhatAHolderWasToldHoldsWhenAnAcquireByAShorterLeaseTimeFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*hooked){
		"no token": func(h *hooked) { h.sign = func(context.Context) error { return unavailableKey() } },
		"no ledger": func(h *hooked) {
			h.ledger.beforeGrant = func() error { return app.Unavailable("ledger", context.DeadlineExceeded) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "long", Product: "p", Seats: 1, LeaseTTL: time.Hour})
			require.NoError(t, err)
			told, err := h.Acquire(t.Context(), ada(), "long", "laptop")
			require.NoError(t, err)
			_, err = h.UpdateLicense(t.Context(), root(), "long", app.ActionUpdate, nil, func(l *app.License) { l.SetLeaseTTL(time.Minute) })
			require.NoError(t, err)
			free := func() time.Time {
				_, usage, err := h.GetLicense(t.Context(), ada(), "long")
				require.NoError(t, err)
				return usage.NextFree
			}

			fail(h)
			_, err = h.Acquire(t.Context(), ada(), "long", "laptop")
			require.Equal(t, app.CodeUnavailable, app.CodeOf(err))
			h.sign, h.ledger.beforeGrant = nil, nil
			assert.False(t, free().Before(told.Lease.ExpiresAt), "the seat is taken until the holder's token ends")
			require.NoError(t, h.client.FlushAll(t.Context()).Err())
			assert.False(t, free().Before(told.Lease.ExpiresAt), "also after a loss")

			again, err := h.Acquire(t.Context(), ada(), "long", "laptop")
			require.NoError(t, err)
			assert.Equal(t, told.Lease.ID, again.Lease.ID)
			assert.Less(t, time.Until(again.Lease.ExpiresAt), 2*time.Minute)
			assert.False(t, free().Before(again.Lease.ExpiresAt))
			assert.Less(t, time.Until(free()), 30*time.Minute, "its holder is told by the terms of now, and the seat ends by them")
		})
	}
}

func TestWhatAHeartbeatPromisedByALongerLeaseTimeHoldsAfterALoss(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "long", Product: "p", Seats: 1, LeaseTTL: time.Hour})
	require.NoError(t, err)
	granted, err := h.Acquire(t.Context(), ada(), "long", "laptop")
	require.NoError(t, err)
	told, err := h.Heartbeat(t.Context(), ada(), granted.Lease.ID)
	require.NoError(t, err)
	require.True(t, told.ExpiresAt.After(granted.Lease.ExpiresAt), "which the ledger does not know")
	_, err = h.UpdateLicense(t.Context(), root(), "long", app.ActionUpdate, nil, func(l *app.License) { l.SetLeaseTTL(time.Minute) })
	require.NoError(t, err)

	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	_, usage, err := h.GetLicense(t.Context(), ada(), "long")
	require.NoError(t, err)
	assert.False(t, usage.NextFree.Before(told.ExpiresAt), "the seat is taken until its holder was told")
	again, err := h.Heartbeat(t.Context(), ada(), granted.Lease.ID)
	require.NoError(t, err)
	assert.Less(t, time.Until(again.ExpiresAt), 2*time.Minute, "and from the next answer on by the lease time of now")
}

// This is a limit that docs/api.md tells of: nothing says whether an answer has arrived.
func TestAHeartbeatWhoseAnswerIsLostCountsAsAnswered(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "long", Product: "p", Seats: 1, LeaseTTL: time.Hour})
	require.NoError(t, err)
	told, err := h.Acquire(t.Context(), ada(), "long", "laptop")
	require.NoError(t, err)
	_, err = h.UpdateLicense(t.Context(), root(), "long", app.ActionUpdate, nil, func(l *app.License) { l.SetLeaseTTL(time.Minute) })
	require.NoError(t, err)
	lost, err := h.Heartbeat(t.Context(), ada(), told.Lease.ID)
	require.NoError(t, err)
	_, usage, err := h.GetLicense(t.Context(), ada(), "long")
	require.NoError(t, err)
	assert.WithinDuration(t, lost.ExpiresAt, usage.NextFree, 0)
	assert.True(t, usage.NextFree.Before(told.Lease.ExpiresAt), "which is what its holder knows")
}
