package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// actions are those of the audit trail about a lease, in their order.
func (w *fixture) actions(l app.Lease) string {
	w.t.Helper()
	return w.server.Text(w.t, `SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM licensing.audit WHERE lease_id = $1 AND action <> 'lease.acquire'`, l.ID)
}

func TestEndingsOfOneLeaseCountInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := w.grant(lease("ide", "ada"))
	released := l.GrantedAt.Add(2 * time.Minute)
	by := app.Origin{User: "root", Address: "192.0.2.9", RequestID: "r-1"}
	require.NoError(t, w.End(t.Context(), acme, []app.Ending{
		{Lease: l.ID, At: released, Reason: app.ReasonReleased, By: by},
		{Lease: l.ID, At: l.GrantedAt.Add(time.Minute), Reason: app.ReasonExpired},
	}))
	assert.Equal(t, "lease.expire lease.release", w.actions(l))
	found := w.read(l)
	assert.Equal(t, app.ReasonReleased, found.Reason)
	assert.True(t, found.EndedAt.Equal(released))
	events, err := w.Events(t.Context(), acme, 0, 1)
	require.NoError(t, err)
	assert.Equal(t, by, events[0].Origin)
	assert.True(t, events[0].At.Equal(released), "the trail has the time of the seats' clock")
}

func TestAnEndingCountsForTheSeatThatWasFreed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for name, c := range map[string]struct {
		seated  string // the licence that was seated later
		at      time.Duration
		reason  app.Reason
		expired bool
	}{
		"in the moment it was seated":               {reason: app.ReasonExpired, expired: true},
		"before another licence's were seated":      {seated: "cad", at: time.Minute, reason: app.ReasonExpired, expired: true},
		"before it was seated":                      {at: -time.Minute, reason: app.ReasonExpired},
		"before it was seated, by who gave it back": {at: -time.Minute, reason: app.ReasonReleased, expired: true},
		"before its licence's were seated":          {seated: "ide", at: time.Minute, reason: app.ReasonExpired},
	} {
		l := lease("ide", "ada")
		l.GrantedAt = l.GrantedAt.Add(-time.Hour)
		w.server.Admin(t, `DELETE FROM licensing.seating`)
		w.grant(l)
		if c.seated != "" {
			require.NoError(t, w.Seat(t.Context(), app.LicenseRef{Tenant: acme, License: c.seated}, time.Now()))
		}
		require.NoError(t, w.End(t.Context(), acme, []app.Ending{{Lease: l.ID, At: l.GrantedAt.Add(c.at), Reason: c.reason}}))
		assert.Equal(t, c.expired, !w.read(l).EndedAt.IsZero(), name)
		w.end(l, app.ReasonReleased)
	}
}

func TestALeaseThatEndedForGoodEndsOnlyOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, first := range []app.Reason{app.ReasonForced, app.ReasonTaken, app.ReasonReleased, app.ReasonCancelled} {
		l := w.grant(lease("ide", "ada"))
		w.end(l, first)
		w.end(l, app.ReasonForced)
		w.end(l, app.ReasonReleased)
		assert.Equal(t, first, w.read(l).Reason)
		assert.NotContains(t, w.actions(l), " ", "one event")
	}
}

// Who loads a licence seats all of its leases, and an ending of before ends none of them, even if
// both are written at once.
func TestAnEndingWaitsForWhoSeatsTheLicenceAndForNobodyElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	cad, ide := w.grant(lease("cad", "ada")), w.grant(lease("ide", "ada"))
	tx := w.other()
	for _, statement := range []string{
		`SELECT FROM licensing.license WHERE tenant_id = 'acme' AND id = 'cad' FOR NO KEY UPDATE`,
		`INSERT INTO licensing.seating (tenant_id, license_id, at) VALUES ('acme', 'cad', now() + interval '1 hour')`,
	} {
		_, err := tx.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	w.end(ide, app.ReasonExpired)
	assert.False(t, w.read(ide).EndedAt.IsZero())
	// Both licences' at once: the first is waited for before the second is locked.
	ides := w.grant(lease("ide", "bob"))
	answer := w.waits(func() error {
		return w.End(context.Background(), acme, []app.Ending{
			{Lease: ides.ID, At: time.Now(), Reason: app.ReasonExpired}, {Lease: cad.ID, At: time.Now(), Reason: app.ReasonExpired},
		})
	})
	_, err := tx.Exec(t.Context(), `SELECT FROM licensing.license WHERE tenant_id = 'acme' AND id = 'ide' FOR UPDATE NOWAIT`)
	assert.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, await.Receive(t, answer))
	assert.True(t, w.read(cad).EndedAt.IsZero())
	assert.False(t, w.read(ides).EndedAt.IsZero())
}
