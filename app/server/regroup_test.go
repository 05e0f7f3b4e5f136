package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// reserved is how many leases count to the group: as the live seats have it, and as the ledger has.
func (h *hooked) reserved(t *testing.T, license, group string) []int {
	t.Helper()
	_, usage, err := h.GetLicense(t.Context(), root(), license)
	require.NoError(t, err)
	return []int{usage.Reserved[group], h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = $1 AND reservation = $2 AND ended_at IS NULL`, license, group)}
}

// keptSeat makes a licence of two seats, one of which is kept for developers.
func (h *hooked) keptSeat(t *testing.T) {
	t.Helper()
	_, err := h.CreateLicense(t.Context(), root(), app.License{
		ID: "kept", Product: "p", Seats: 2, MaxBorrow: app.MaxBorrow, Policy: app.Policy{Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}},
	})
	require.NoError(t, err)
}

func TestASeatCountsToAnotherGroupWhenTheLedgerHasIt(t *testing.T) {
	t.Parallel()
	developer := app.Principal{Tenant: mine, User: "ada", Groups: []string{"devs"}}
	unsigned := func(h *hooked) { h.sign = func(context.Context) error { return unavailableKey() } }
	unwritten := func(h *hooked) {
		h.ledger.beforeGrant = func() error { return app.Unavailable("ledger", context.DeadlineExceeded) }
	}
	for name, test := range map[string]struct {
		length time.Duration
		fail   func(*hooked)
	}{
		"a borrowed lease that is not signed":  {24 * time.Hour, unsigned},
		"a borrowed lease that is not written": {24 * time.Hour, unwritten},
		"a floating lease that is not written": {0, unwritten},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			h.keptSeat(t)
			first, err := h.Acquire(t.Context(), ada(), "kept", "laptop")
			if test.length > 0 {
				first, err = h.Borrow(t.Context(), ada(), "kept", "laptop", test.length)
			}
			require.NoError(t, err)
			_, err = h.Acquire(t.Context(), bob(), "kept", "desk")
			require.Equal(t, app.CodeSeatsReserved, app.CodeOf(err))

			test.fail(h)
			_, err = h.Acquire(t.Context(), developer, "kept", "laptop")
			require.Equal(t, app.CodeUnavailable, app.CodeOf(err))
			h.sign, h.ledger.beforeGrant = nil, nil
			assert.Equal(t, []int{0, 0}, h.reserved(t, "kept", "devs"), "for both it is one of the rest, as before")

			again, err := h.Acquire(t.Context(), developer, "kept", "laptop")
			require.NoError(t, err)
			assert.Equal(t, first.Lease.ID, again.Lease.ID)
			assert.Equal(t, "devs", again.Lease.Reservation)
			assert.Equal(t, []int{1, 1}, h.reserved(t, "kept", "devs"))
			_, err = h.Acquire(t.Context(), bob(), "kept", "desk")
			require.NoError(t, err, "the other seat is one of the rest")
		})
	}
}

func TestASeatCountsAlikeInBothStoresWhenOnlyTheTokenFails(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.keptSeat(t)
	_, err := h.Acquire(t.Context(), ada(), "kept", "laptop")
	require.NoError(t, err)
	// A floating lease that is held is written while it is signed.
	h.sign = func(context.Context) error { return unavailableKey() }
	_, err = h.Acquire(t.Context(), app.Principal{Tenant: mine, User: "ada", Groups: []string{"devs"}}, "kept", "laptop")
	require.Error(t, err)
	assert.Equal(t, []int{1, 1}, h.reserved(t, "kept", "devs"))
}
