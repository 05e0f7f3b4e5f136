package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// lose lets the live state be lost, and another instance load it anew for a holder's heartbeat.
func (h *hooked) lose(t *testing.T, holder app.Principal, lease string) {
	t.Helper()
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	_, err := h.fixture.service(t).Heartbeat(t.Context(), holder, lease)
	require.NoError(t, err, "the ledger does not know yet that it is over")
}

// lost is the answer of a ledger that is away in the moment after it has written.
func lost() error { return app.Unavailable("ledger", context.DeadlineExceeded) }

// A zone that fails takes the primaries of both stores with it.
func TestALeaseThatWasTakenAwayStaysSoThoughBothStoresFailedInThatMoment(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	g, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	h.ledger.beforeEnd = func() { h.lose(t, ada(), g.Lease.ID) }
	h.ledger.afterEnd = lost
	require.NoError(t, h.ForceRelease(t.Context(), root(), g.Lease.ID))

	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(err))
	_, err = h.Acquire(t.Context(), bob(), "one", "desk")
	assert.NoError(t, err, "its seat is free")
}

func TestADeviceWhoseLeaseTheLedgerAloneHasEndedGetsANewOne(t *testing.T) {
	t.Parallel()
	for _, reason := range []app.Reason{app.ReasonForced, app.ReasonReleased, app.ReasonTaken} {
		h := newHooked(t)
		h.create(t, "one")
		g, err := h.Acquire(t.Context(), ada(), "one", "laptop")
		require.NoError(t, err)
		// What is left of an instance that ended it, and died in the moment in which the live state was lost.
		require.NoError(t, h.ledger.End(t.Context(), mine, []app.Ending{{Lease: g.Lease.ID, At: time.Now(), Reason: reason}}))

		again, err := h.Acquire(t.Context(), ada(), "one", "laptop")
		require.NoError(t, err, reason)
		assert.True(t, again.New)
		assert.NotEqual(t, g.Lease.ID, again.Lease.ID)
		assert.Equal(t, 1, h.inUse(t, "one"))
		_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
		assert.Contains(t, []app.Code{app.CodeLeaseEnded, app.CodeLeaseTaken}, app.CodeOf(err), reason)
		_, err = h.Heartbeat(t.Context(), ada(), again.Lease.ID)
		assert.NoError(t, err)
	}
}

func TestWhoIsRefusedByTheLedgerIsToldHowFullTheLicenceIs(t *testing.T) {
	t.Parallel()
	for code, policy := range map[app.Code]app.Policy{
		app.CodeNoSeats:       {},
		app.CodeUserLimit:     {UserSeats: 1},
		app.CodeSeatsReserved: {Reservations: []app.GroupSeats{{Group: "devs", Seats: 1}}},
	} {
		h := newHooked(t)
		seats := 2
		if code == app.CodeNoSeats {
			seats = 1
		}
		_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "kept", Product: "coditect-ide", Seats: seats, Policy: policy})
		require.NoError(t, err)
		_, err = h.Acquire(t.Context(), ada(), "kept", "laptop")
		require.NoError(t, err)
		// A lease without a seat, which housekeeping has not found yet.
		const keys = "seats:{demo-1a2b/kept}:"
		require.NoError(t, h.client.Del(t.Context(), keys+"leases", keys+"holders", keys+"devices", keys+"index").Err())
		_, err = h.Acquire(t.Context(), ada(), "kept", "desk")
		var refused *app.Error
		require.ErrorAs(t, err, &refused, code)
		require.Equal(t, code, refused.Code)
		require.NotNil(t, refused.Exhausted, "%s: docs/api.md says that it has the numbers", code)
		assert.Positive(t, refused.Exhausted.Seats, code)
		if code != app.CodeSeatsReserved {
			assert.Equal(t, refused.Exhausted.Seats, refused.Exhausted.InUse, code)
		}
	}
}

func TestASeatThatWasTakenIsNotTakenFromAnotherHolderToo(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	license := app.License{ID: "two", Product: "coditect-ide", Seats: 2, Policy: app.Policy{WhenFull: app.WhenFullTake}}
	_, err := h.CreateLicense(t.Context(), root(), license)
	require.NoError(t, err)
	first, err := h.Acquire(t.Context(), ada(), "two", "laptop")
	require.NoError(t, err)
	second, err := h.Acquire(t.Context(), bob(), "two", "desk")
	require.NoError(t, err)
	h.ledger.beforeGrant = func() error {
		h.ledger.beforeGrant = nil
		h.lose(t, ada(), first.Lease.ID)
		// So the ledger ends the lease that made room, and refuses the new one.
		_, err := h.UpdateLicense(t.Context(), root(), "two", app.ActionUpdate, nil, func(l *app.License) { l.Metadata = map[string]string{"a": "b"} })
		return err
	}
	eve := app.Principal{Tenant: mine, User: "eve"}
	_, err = h.Acquire(t.Context(), eve, "two", "tablet")
	require.NoError(t, err)

	_, err = h.Heartbeat(t.Context(), ada(), first.Lease.ID)
	assert.Equal(t, app.CodeLeaseTaken, app.CodeOf(err))
	_, err = h.Heartbeat(t.Context(), bob(), second.Lease.ID)
	assert.NoError(t, err, "one seat was needed, and one was taken")
}
