package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func TestWhoDeclaresNothingNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	assert.NoError(t, postgres.Upsert(t.Context(), postgres.Options{}, nil))
}

func TestADeclarationThatFailsIsRefusedByNameAndWritesNothingOfItsTenant(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	newcomer := func(change func(*postgres.Seed)) []postgres.Seed {
		seed := postgres.Seed{
			Tenant:   app.Tenant{ID: "new", Name: "New", Status: app.StatusActive},
			Licenses: []app.Declared{{ID: "good", Product: "p", Seats: 1}, {ID: "bad", Product: "p", Seats: 1}},
		}
		change(&seed)
		return []postgres.Seed{seed}
	}
	nowhere := owner(w.server)
	nowhere.Address = port.Closed(t).String()
	for name, c := range map[string]struct {
		options postgres.Options
		seeds   []postgres.Seed
		refusal []string
	}{
		"an address without a port":         {postgres.Options{Address: "nowhere"}, newcomer(func(*postgres.Seed) {}), []string{`the database address "nowhere" is not host:port`}},
		"a database that is away":           {nowhere, newcomer(func(*postgres.Seed) {}), []string{"connect to write the declared tenants"}},
		"a name that cannot be stored":      {owner(w.server), newcomer(func(s *postgres.Seed) { s.Tenant.Name = "\x00" }), []string{`write the declared tenant "new"`, "invalid byte sequence"}},
		"a status that there is not":        {owner(w.server), newcomer(func(s *postgres.Seed) { s.Tenant.Status, s.Licenses = "odd", nil }), []string{`write the declared tenant "new"`, "tenant_status_check"}},
		"a licence with a name of no form":  {owner(w.server), newcomer(func(s *postgres.Seed) { s.Licenses[1].ID = "Not Valid" }), []string{`write the declared tenant "new": licence "Not Valid"`, "the licence is not valid"}},
		"a licence with less than one seat": {owner(w.server), newcomer(func(s *postgres.Seed) { s.Licenses[1].Seats = 0 }), []string{`licence "bad"`, "the licence is not valid"}},
	} {
		err := postgres.Upsert(t.Context(), c.options, c.seeds)
		for _, part := range c.refusal {
			assert.ErrorContains(t, err, part, name)
		}
	}
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.tenant WHERE id = 'new'`))
	await.True(t, func() bool {
		return w.server.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1`, apptest.MigrationRole) == 0
	}, "no connection is left open")
}

func TestAllThatIsDeclaredOfALicenceIsSetBack(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	seeds := []postgres.Seed{{
		Tenant: app.Tenant{ID: acme, Name: "Acme", Status: app.StatusActive},
		Licenses: []app.Declared{{
			ID: "cad", Product: "declared", Seats: 3, LeaseTTL: new(2 * time.Minute), HeartbeatInterval: new(30 * time.Second), MaxBorrow: new(time.Hour),
			Overage: new(1.5), RequireFingerprint: new(true), ExpiresAt: &end,
		}},
	}}
	ref := app.LicenseRef{Tenant: acme, License: "cad"}
	declare := func() app.License {
		require.NoError(t, postgres.Upsert(t.Context(), owner(w.server), seeds))
		found, err := w.License(t.Context(), ref)
		require.NoError(t, err)
		return found
	}
	want := declare()
	assert.Equal(t, []any{"declared", 3, 2 * time.Minute, 30 * time.Second, time.Hour, 1.5, true, end.Unix()}, []any{
		want.Product, want.Seats, want.LeaseTTL, want.HeartbeatInterval, want.MaxBorrow, want.Overage, want.RequireFingerprint, want.ExpiresAt.Unix(),
	})
	changed, err := w.UpdateLicense(t.Context(), ref, func(l *app.License) (app.Event, error) {
		l.Product, l.Seats, l.LeaseTTL, l.HeartbeatInterval, l.MaxBorrow, l.Overage = "changed", 7, 5*time.Minute, time.Minute, 2*time.Hour, 2
		l.RequireFingerprint, l.ExpiresAt = false, end.Add(time.Hour)
		l.Metadata, l.UserSeats, l.WhenFull = map[string]string{"contract": "4711"}, 2, app.WhenFullTake
		return app.Event{Action: app.ActionUpdate, License: "cad"}, nil
	})
	require.NoError(t, err)
	got := declare()
	assert.True(t, got.UpdatedAt.After(changed.UpdatedAt))
	want.Metadata, want.UserSeats, want.WhenFull = changed.Metadata, 2, app.WhenFullTake
	want.UpdatedAt, want.Revision, want.PromisedUntil = got.UpdatedAt, got.Revision, got.PromisedUntil
	assert.Equal(t, want, got, "and what is not declared stays")
}

func TestADeclarationIsInTheAuditTrailWhenItChangesSomething(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.server.Admin(t, `DELETE FROM licensing.audit`)
	declare := func(name string, status app.Status, seats int) string {
		t.Helper()
		require.NoError(t, postgres.Upsert(t.Context(), owner(w.server), []postgres.Seed{{
			Tenant: app.Tenant{ID: "new", Name: name, Status: status}, Licenses: []app.Declared{{ID: "cad", Product: "p", Seats: seats}},
		}}))
		trail := w.server.Text(t, `SELECT coalesce(string_agg(concat_ws('|', tenant_id, action, license_id, detail), E'\n' ORDER BY id), '') FROM licensing.audit`)
		w.server.Admin(t, `DELETE FROM licensing.audit`)
		return trail
	}
	first := declare("New", app.StatusActive, 1)
	assert.Contains(t, first, "new|tenant.declare||status active\nnew|license.declare|cad|product p, seats 1, ")
	revision := `SELECT (t.revision + l.revision)::text FROM licensing.tenant t JOIN licensing.license l ON l.tenant_id = t.id WHERE t.id = 'new'`
	before := w.server.Text(t, revision)
	assert.Empty(t, declare("New", app.StatusActive, 1))
	assert.Equal(t, before, w.server.Text(t, revision), "a change would be told to all live seats")
	assert.Equal(t, "new|license.declare|cad|seats 1 -> 2", declare("New", app.StatusActive, 2))
	assert.Equal(t, "new|tenant.declare||name New -> Newer, status active -> active", declare("Newer", app.StatusActive, 2))
	assert.Equal(t, "new|tenant.declare||name Newer -> Newer, status active -> suspended", declare("Newer", app.StatusSuspended, 2))
	assert.Equal(t, "Newer|suspended", w.server.Text(t, `SELECT name || '|' || status FROM licensing.tenant WHERE id = 'new'`))
}

func TestADeclarationUndoesNoChangeThatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE licensing.license SET overage = 1.5 WHERE tenant_id = $1 AND id = 'ide'`, acme)
	require.NoError(t, err)
	done := make(chan error, 1)
	seed := postgres.Seed{Tenant: app.Tenant{ID: acme, Name: acme, Status: app.StatusActive}, Licenses: []app.Declared{{ID: "ide", Product: "p", Seats: 9}}}
	go func() { done <- postgres.Upsert(t.Context(), owner(w.server), []postgres.Seed{seed}) }()
	w.stuck(1)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, await.Receive(t, done))
	found, err := w.License(t.Context(), app.LicenseRef{Tenant: acme, License: "ide"})
	require.NoError(t, err)
	assert.Equal(t, []any{9, 1.5}, []any{found.Seats, found.Overage})
}
