package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestAllLicencesOfATenantAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.declare(acme, app.StatusActive, licence("api"), licence("bim"), licence("cad"), licence("ide"))
	w.grant(lease("api", "ada"))
	w.end(w.grant(lease("bim", "ada")), app.ReasonReleased)
	page := func(tenant, after string, limit int) (ids []string) {
		found, err := w.All(t.Context(), tenant, after, limit)
		require.NoError(t, err)
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		return ids
	}
	assert.Equal(t, []string{"api", "bim", "cad", "ide"}, page(acme, "", 10), "those whose leases are over, too")
	assert.Equal(t, []string{"api", "bim"}, page(acme, "", 2))
	assert.Equal(t, []string{"cad", "ide"}, page(acme, "bim", 2), "the page after a licence is without it")
	assert.Equal(t, []string{"cad", "ide"}, page(acme, "bin", 2), "the place need not be in the list")
	assert.Empty(t, page(acme, "ide", 2))
	assert.Equal(t, []string{"ide"}, page(other, "", 2), "each tenant's own")

	w.declare(acme, app.StatusSuspended)
	found, err := w.All(t.Context(), acme, "cad", 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, app.StatusTenantSuspended, found[0].Status, "that is why housekeeping asks")
}

func TestOpenLeasesOfAllTenantsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second, third := w.grant(lease("cad", "ada")), w.grant(lease("ide", "ada")), lease("ide", "eve")
	third.Tenant = other
	w.grant(third)
	w.end(w.grant(lease("ide", "bob")), app.ReasonReleased)
	var ids []string
	pages, after := 0, &app.OpenLease{}
	for after != nil {
		found, next, err := w.OpenLeases(t.Context(), *after, 1)
		require.NoError(t, err)
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		after = next
		pages++
		require.LessOrEqual(t, pages, 4)
	}
	assert.Equal(t, []string{first.ID, second.ID, third.ID}, ids)

	rebuilt := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	require.NoError(t, w.Seat(t.Context(), second.Ref(), rebuilt))
	found, next, err := w.OpenLeases(t.Context(), app.OpenLease{}, 10)
	require.NoError(t, err)
	assert.Nil(t, next)
	require.Len(t, found, 3)
	assert.True(t, found[0].SeatedAt.Equal(first.GrantedAt))
	assert.True(t, found[1].SeatedAt.Equal(rebuilt), "all of a licence's are seated by its rebuild")
	standing, err := w.Standing(t.Context(), []app.LicenseRef{second.Ref(), {Tenant: other, License: "none"}})
	require.NoError(t, err)
	require.Len(t, standing, 1)
	assert.Equal(t, standing[0].Revision, found[1].Revision)
}

// A mark is a transaction of the whole server, so other tests must have none.
func TestWhatChangedSinceAMarkIsListedInPages(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	mark, err := w.Mark(t.Context())
	require.NoError(t, err)
	for _, id := range []string{"ide", "cad"} {
		_, err := w.UpdateLicense(t.Context(), app.LicenseRef{Tenant: acme, License: id}, func(l *app.License) (app.Event, error) {
			l.Seats = 7
			return app.Event{Action: app.ActionUpdate, License: id}, nil
		})
		require.NoError(t, err)
	}
	w.declare(other, app.StatusSuspended)
	page := func(after app.LicenseRef, limit int) []app.LicenseRef {
		found, err := w.Changed(t.Context(), mark, after, limit)
		require.NoError(t, err)
		return found
	}
	all := []app.LicenseRef{{Tenant: acme, License: "cad"}, {Tenant: acme, License: "ide"}, {Tenant: other}}
	assert.Equal(t, all, page(app.LicenseRef{}, 10))
	assert.Equal(t, all[:2], page(app.LicenseRef{}, 2))
	assert.Equal(t, all[2:], page(all[1], 2))
	later, err := w.Mark(t.Context())
	require.NoError(t, err)
	assert.Greater(t, later, mark)
	found, err := w.Changed(t.Context(), later, app.LicenseRef{}, 10)
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestOnlyWhatIsOldEnoughIsForgotten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	open, ended := w.grant(lease("ide", "ada")), w.grant(lease("ide", "bob"))
	w.end(ended, app.ReasonReleased)
	aged := func(before time.Time) []string {
		tenants, next, err := w.Aged(t.Context(), before, "")
		require.NoError(t, err)
		assert.Empty(t, next, "all tenants fit into one visit")
		return tenants
	}
	hour := time.Hour
	assert.Empty(t, aged(time.Now().Add(-hour)))
	assert.Equal(t, []string{acme}, aged(time.Now().Add(hour)))
	changed, err := w.Pseudonymise(t.Context(), acme, time.Now().Add(-hour))
	require.NoError(t, err)
	assert.Zero(t, changed)
	changed, err = w.Pseudonymise(t.Context(), acme, time.Now().Add(hour))
	require.NoError(t, err)
	assert.EqualValues(t, 3, changed, "the lease that is over, and the events of two acquires; the release names nobody")
	assert.Equal(t, "ada", w.read(open).User, "an open lease is somebody's still")
	assert.NotContains(t, w.read(ended).User, "bob")
	assert.Empty(t, aged(time.Now().Add(hour)))
}
