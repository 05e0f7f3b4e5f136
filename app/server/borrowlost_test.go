package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestAHolderOfABorrowedLeaseIsToldItsEndAfterALossToo(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "day", Product: "coditect-ide", Seats: 1, LeaseTTL: 24 * time.Hour, MaxBorrow: time.Hour})
	require.NoError(t, err)
	borrowed, err := h.Borrow(t.Context(), ada(), "day", "laptop", time.Hour)
	require.NoError(t, err)
	_, err = h.UpdateLicense(t.Context(), root(), "day", app.ActionUpdate, nil, func(l *app.License) { l.SetLeaseTTL(time.Minute) })
	require.NoError(t, err)
	// Heartbeats of before may have promised seats by the longer lease time, so the seat is kept for as long.
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	beat, err := h.Heartbeat(t.Context(), ada(), borrowed.Lease.ID)
	require.NoError(t, err)
	assert.Equal(t, borrowed.Lease.ExpiresAt, beat.ExpiresAt)
	again, err := h.Acquire(t.Context(), ada(), "day", "laptop")
	require.NoError(t, err)
	assert.Equal(t, app.KindBorrowed, again.Lease.Kind, "it ends later than a lease time from now")
	assert.Equal(t, borrowed.Lease.ExpiresAt, again.Lease.ExpiresAt)
	assert.Equal(t, again.Lease.ExpiresAt.Unix(), h.claims().Expires)
}

func TestABorrowAfterALossIsNoLongerThanTheLicenceAllows(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, h *hooked){
		"whose lease time is longer": func(*testing.T, *hooked) {},
		"whose lease time was longer": func(t *testing.T, h *hooked) {
			t.Helper()
			_, err := h.UpdateLicense(t.Context(), root(), "day", app.ActionUpdate, nil, func(l *app.License) { l.SetLeaseTTL(time.Minute) })
			require.NoError(t, err)
		},
	} {
		h := newHooked(t)
		_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "day", Product: "coditect-ide", Seats: 1, LeaseTTL: 24 * time.Hour, MaxBorrow: time.Hour})
		require.NoError(t, err)
		first, err := h.Borrow(t.Context(), ada(), "day", "laptop", time.Hour)
		require.NoError(t, err)
		change(t, h)
		require.NoError(t, h.client.FlushAll(t.Context()).Err())

		again, err := h.Borrow(t.Context(), ada(), "day", "laptop", time.Minute)
		require.NoError(t, err, name)
		assert.Equal(t, app.KindBorrowed, again.Lease.Kind, name)
		assert.Equal(t, first.Lease.ExpiresAt, again.Lease.ExpiresAt.UTC(), "%s: what was promised holds, and no more", name)
		assert.Equal(t, again.Lease.ExpiresAt.Unix(), h.claims().Expires, name)
		longer, err := h.Borrow(t.Context(), ada(), "day", "laptop", time.Hour)
		require.NoError(t, err, name)
		assert.Equal(t, longer.Lease.GrantedAt.Add(time.Hour), longer.Lease.ExpiresAt, name)
		_, err = h.Acquire(t.Context(), bob(), "day", "desk")
		assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), name)
	}
}
