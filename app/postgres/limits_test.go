package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/postgres"
)

// granting is a ledger with a tenant, asked as if Redis had lost everything.
type granting struct {
	*testing.T
	*postgres.Ledger
}

func newGranting(t *testing.T) *granting {
	t.Helper()
	server := databases.Start(t)
	require.NoError(t, postgres.Upsert(t.Context(), owner(server), []postgres.Seed{{Tenant: app.Tenant{ID: "demo", Name: "demo", Status: app.StatusActive}}}))
	return &granting{T: t, Ledger: postgres.NewLedger(open(t, server), func(string, time.Duration, error) {})}
}

func (g *granting) license(l app.License) {
	g.Helper()
	l.Tenant, l.Product = "demo", "p"
	_, err := g.CreateLicense(g.Context(), l.Defaulted(), app.Event{Action: app.ActionCreate, License: l.ID})
	require.NoError(g, err)
}

// grant asks for a lease of a user on a group's reserved seat ("" for none), and returns its id.
func (g *granting) grant(license, user, group string, endings ...app.Ending) (string, app.Code) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	lease := app.Lease{
		Tenant: "demo", License: license, ID: app.NewLeaseID(license), Kind: app.KindFloating, Fingerprint: app.NewLeaseID("d"), User: user,
		GrantedAt: now, ExpiresAt: now.Add(time.Minute), Reservation: group,
	}
	return lease.ID, app.CodeOf(g.Grant(g.Context(), lease, 0, endings, app.Event{Action: app.ActionAcquire, License: license, Lease: lease.ID}))
}

func TestTheLedgerHoldsTheLimitsInsideALicenceByItself(t *testing.T) {
	t.Parallel()
	g := newGranting(t)
	g.license(app.License{ID: "each", Seats: 3, Policy: app.Policy{UserSeats: 1}})
	first, code := g.grant("each", "ada", "")
	require.Empty(t, code)
	_, code = g.grant("each", "ada", "")
	assert.Equal(t, app.CodeUserLimit, code)
	_, code = g.grant("each", "ada", "", app.Ending{Lease: first, At: time.Now(), Reason: app.ReasonReleased})
	assert.Empty(t, code, "an ending that comes with it makes room")
	_, code = g.grant("each", "bob", "")
	assert.Empty(t, code)

	g.license(app.License{ID: "kept", Seats: 3, Policy: app.Policy{Reservations: []app.GroupSeats{{Group: "devs", Seats: 2}}}})
	_, code = g.grant("kept", "ada", "")
	require.Empty(t, code)
	_, code = g.grant("kept", "bob", "")
	assert.Equal(t, app.CodeSeatsReserved, code)
	for range 2 {
		held, code := g.grant("kept", "eve", "devs")
		require.Empty(t, code)
		found, err := g.Lease(t.Context(), "demo", held)
		require.NoError(t, err)
		assert.Equal(t, "devs", found.Reservation)
	}
	_, code = g.grant("kept", "eve", "devs")
	assert.Equal(t, app.CodeNoSeats, code)
}

func TestTheLedgerRenewsInTheGraceAndGrantsNothingNew(t *testing.T) {
	t.Parallel()
	g := newGranting(t)
	g.license(app.License{ID: "over", Seats: 3, Policy: app.Policy{Grace: time.Hour}})
	held, code := g.grant("over", "ada", "")
	require.Empty(t, code)
	_, err := g.UpdateLicense(t.Context(), app.LicenseRef{Tenant: "demo", License: "over"}, func(l *app.License) (app.Event, error) {
		l.ExpiresAt = time.Now().Add(-time.Minute)
		return app.Event{Action: app.ActionUpdate, License: "over"}, nil
	})
	require.NoError(t, err)
	_, code = g.grant("over", "bob", "")
	assert.Equal(t, app.CodeLicenseExpired, code)
	lease, err := g.Lease(t.Context(), "demo", held)
	require.NoError(t, err)
	assert.NoError(t, g.Grant(t.Context(), lease, 1, nil, app.Event{Action: app.ActionAcquire, License: "over", Lease: held}), "it is renewed")
}

func TestALeaseThatWasTakenStaysSoAndTheTrailNamesWhoTookIt(t *testing.T) {
	t.Parallel()
	g := newGranting(t)
	g.license(app.License{ID: "one", Seats: 1, Policy: app.Policy{WhenFull: app.WhenFullTake}})
	held, code := g.grant("one", "ada", "")
	require.Empty(t, code)
	lease, err := g.Lease(t.Context(), "demo", held)
	require.NoError(t, err)
	_, code = g.grant("one", "bob", "", app.Ending{Lease: held, At: time.Now(), Reason: app.ReasonTaken, By: app.Origin{User: "bob", RequestID: "r-1"}})
	require.Empty(t, code)
	assert.Equal(t, app.CodeLeaseTaken, app.CodeOf(g.Grant(t.Context(), lease, 0, nil, app.Event{})))
	events, err := g.Events(t.Context(), "demo", 0, 10)
	require.NoError(t, err)
	var taken []app.Event
	for _, e := range events {
		if e.Action == app.ActionTake {
			taken = append(taken, e)
		}
	}
	require.Len(t, taken, 1)
	assert.Equal(t, held, taken[0].Lease)
	assert.Equal(t, app.Origin{User: "bob", RequestID: "r-1"}, taken[0].Origin)
}
