package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestALicenceIsMadeOnceAndChangedWithItsEventOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	events := func() int { return w.server.Count(t, `SELECT count(*) FROM licensing.audit`) }
	license := licence("ide")
	license.Tenant = acme
	before := events()
	_, err := w.CreateLicense(t.Context(), license, app.Event{Action: app.ActionCreate})
	assert.Equal(t, app.CodeLicenseExists, app.CodeOf(err))
	refused := errors.New("refused")
	_, err = w.UpdateLicense(t.Context(), license.Ref(), func(*app.License) (app.Event, error) { return app.Event{}, refused })
	require.ErrorIs(t, err, refused)
	_, err = w.UpdateLicense(t.Context(), app.LicenseRef{Tenant: acme, License: "none"}, func(*app.License) (app.Event, error) { return app.Event{}, nil })
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
	license.Tenant = "nobody"
	_, err = w.CreateLicense(t.Context(), license, app.Event{Action: app.ActionCreate})
	assert.Equal(t, app.CodeUnknownTenant, app.CodeOf(err))
	license.Tenant, license.ID, license.Product = acme, "new", "zero \x00 byte"
	_, err = w.CreateLicense(t.Context(), license, app.Event{Action: app.ActionCreate})
	assert.Equal(t, app.CodeValidation, app.CodeOf(err), "what cannot be stored is the caller's mistake")
	assert.Equal(t, before, events())

	w.declare(acme, app.StatusSuspended)
	license.Product = "p"
	_, err = w.CreateLicense(t.Context(), license, app.Event{Action: app.ActionCreate})
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(err))
	_, err = w.Licenses(t.Context(), acme, "", 10)
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(err))
	found, err := w.License(t.Context(), app.LicenseRef{Tenant: acme, License: "ide"})
	require.NoError(t, err)
	assert.Equal(t, app.StatusTenantSuspended, found.Status)
}

func TestLicencesAndEventsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	licenses := func(after string, limit int) (ids []string) {
		found, err := w.Licenses(t.Context(), acme, after, limit)
		require.NoError(t, err)
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		return ids
	}
	assert.Equal(t, []string{"cad", "ide"}, licenses("", 10))
	assert.Equal(t, []string{"cad"}, licenses("", 1))
	assert.Equal(t, []string{"ide"}, licenses("cad", 10))

	for _, request := range []string{"one", "two", "three"} {
		require.NoError(t, w.Record(t.Context(), acme, app.Event{Origin: app.Origin{User: "ada", RequestID: request}, Action: app.ActionAcquire}))
	}
	latest, err := w.Events(t.Context(), acme, 0, 2)
	require.NoError(t, err)
	require.Len(t, latest, 2)
	assert.Equal(t, "three", latest[0].RequestID, "the latest first")
	assert.Equal(t, "two", latest[1].RequestID)
	before, err := w.Events(t.Context(), acme, latest[1].ID, 1)
	require.NoError(t, err)
	require.Len(t, before, 1)
	assert.Equal(t, "one", before[0].RequestID, "the page before an event is without it")
}

func TestAnExportIsReadInPartsAndIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second := w.grant(lease("ide", "ada")), w.grant(lease("ide", "ada"))
	w.grant(lease("cad", "bob"))
	if first.ID > second.ID {
		first, second = second, first
	}
	event := app.Event{Origin: app.Origin{User: "root"}, Action: app.ActionExport}
	part := func(place app.Place) app.PersonalData {
		data, err := w.Export(t.Context(), acme, "ada", place, 1, event)
		require.NoError(t, err)
		require.Len(t, data.Leases, 1)
		require.Len(t, data.Events, 1)
		return data
	}
	one := part(app.Place{})
	two := part(app.Place{Lease: one.Leases[0].ID, Event: one.Events[0].ID})
	assert.Equal(t, []string{first.ID, second.ID}, []string{one.Leases[0].ID, two.Leases[0].ID})
	assert.Less(t, one.Events[0].ID, two.Events[0].ID)
	assert.Equal(t, 2, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'privacy.export' AND user_id = 'root'`))
	_, err := w.Export(t.Context(), "nobody", "", app.Place{}, 1, event)
	assert.Equal(t, app.CodeUnknownTenant, app.CodeOf(err))

	_, err = w.Erase(t.Context(), acme, "", app.Event{Origin: app.Origin{User: "root"}, Action: app.ActionErase})
	require.NoError(t, err)
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id IN ('ada', 'bob')`))
	assert.Equal(t, 1, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE user_id = 'root'`), "the erasure's own event names who asked for it")
}

func TestADatabaseThatIsAwayOrOldIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	require.NoError(t, w.Ping(t.Context()))
	// A restarted server leaves dead connections in the pool.
	w.server.Stop(t)
	w.server.Start(t)
	_, err := w.License(t.Context(), app.LicenseRef{Tenant: acme, License: "ide"})
	require.NoError(t, err, "what may be done twice is tried once more")
	w.server.Admin(t, `DELETE FROM licensing.goose_version WHERE version_id > 3`)
	assert.ErrorContains(t, w.Ping(t.Context()), "run the command migrate")
	w.server.Stop(t)
	_, err = w.License(t.Context(), app.LicenseRef{Tenant: acme, License: "ide"})
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	assert.NotZero(t, w.failed.Load(), "and a fault is observed")
}

func TestALicenceKnowsUntilWhenSeatsWerePromisedByALongerLeaseTime(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ref := app.LicenseRef{Tenant: acme, License: "ide"}
	change := func(ttl time.Duration) time.Time {
		license, err := w.UpdateLicense(t.Context(), ref, func(l *app.License) (app.Event, error) {
			l.LeaseTTL = ttl
			return app.Event{Action: app.ActionUpdate}, nil
		})
		require.NoError(t, err)
		return license.PromisedUntil
	}
	assert.True(t, change(10*time.Hour).IsZero(), "a longer lease time breaks no promise")
	began := time.Now()
	promised := change(time.Minute)
	assert.False(t, promised.Before(began.Truncate(time.Microsecond).Add(10*time.Hour)))
	assert.True(t, promised.Before(time.Now().Add(11*time.Hour)))
	assert.Equal(t, promised, change(30*time.Second), "the longest one counts")
	assert.Equal(t, promised, change(5*time.Minute))
}
