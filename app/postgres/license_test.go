package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func TestATenantHasSoManyLicencesAndNoMore(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	make := func(tenant, id string) app.Code {
		license := app.License{Tenant: tenant, ID: id, Product: "p", Seats: 1}.Defaulted()
		_, err := w.CreateLicense(t.Context(), license, app.Event{Action: app.ActionCreate, License: id})
		return app.CodeOf(err)
	}
	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds)
		SELECT '%[1]s', 'many-' || n, 'p', 1, 300, 100 FROM generate_series(1, %[2]d - 1 - (SELECT count(*) FROM licensing.license WHERE tenant_id = '%[1]s')) AS n`, acme, app.MaxLicenses))
	assert.Empty(t, make(acme, "last"))
	assert.Equal(t, app.CodeLicenseLimit, make(acme, "one-more"))
	assert.Equal(t, app.CodeLicenseLimit, make(acme, "last"), "one that is there too")
	assert.Empty(t, make(other, "last"), "another tenant does not notice")
	assert.Equal(t, app.CodeLicenseExists, make(other, "last"))
	assert.Equal(t, 2, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'license.create'`), "nothing is written of what was refused")
	assert.Zero(t, w.failed.Load(), "nothing broke")
}

func TestALicenceIsReadAsItWasWrittenAndTheProgramBeforeCanWriteOne(t *testing.T) {
	t.Parallel()
	server := databases.Start(t)
	declared := app.Declared{ID: "declared", Product: "p", Seats: 2, RequireFingerprint: new(true)}
	seeds := []postgres.Seed{{Tenant: app.Tenant{ID: "demo", Name: "demo", Status: app.StatusActive}, Licenses: []app.Declared{declared}}}
	require.NoError(t, postgres.Upsert(t.Context(), owner(server), seeds))
	pool := open(t, server)
	ledger := postgres.NewLedger(pool, func(string, time.Duration, error) {})
	require.NoError(t, ledger.Ping(t.Context()))
	read := func(id string) app.License {
		found, err := ledger.License(t.Context(), app.LicenseRef{Tenant: "demo", License: id})
		require.NoError(t, err)
		return found
	}

	assert.True(t, read("declared").RequireFingerprint)
	wanted := app.License{
		Tenant: "demo", ID: "made", Product: "ide", Seats: 7, Overage: 1.5, MaxBorrow: time.Hour, RequireFingerprint: true,
		ExpiresAt: time.Now().Add(time.Hour).Truncate(time.Second), Metadata: map[string]string{"contract": "4711"},
		Policy: app.Policy{
			UserSeats: 2, Reservations: []app.GroupSeats{{Group: "devs", Seats: 3}, {Group: "qa \"x\"", Seats: 1}}, Features: []string{"export", "sso"},
			Grace: time.Hour, LeaseGrace: time.Minute, WhenFull: app.WhenFullTake, TakeIdle: 20 * time.Second,
		},
	}.Defaulted()
	_, err := ledger.CreateLicense(t.Context(), wanted, app.Event{Action: app.ActionCreate, License: "made"})
	require.NoError(t, err)
	made := read("made")
	made.CreatedAt, made.UpdatedAt, made.ExpiresAt = time.Time{}, time.Time{}, made.ExpiresAt.Local()
	wanted.Revision = made.Revision
	assert.Equal(t, wanted, made)

	_, err = ledger.UpdateLicense(t.Context(), made.Ref(), func(l *app.License) (app.Event, error) {
		l.RequireFingerprint, l.Seats = false, 8
		return app.Event{Action: app.ActionUpdate, License: "made"}, nil
	})
	require.NoError(t, err)
	assert.False(t, read("made").RequireFingerprint)
	assert.Equal(t, 8, read("made").Seats)
	assert.Equal(t, wanted.Policy, read("made").Policy)

	// What is not declared of a licence is the administrators', and stays when it is declared again.
	_, err = ledger.UpdateLicense(t.Context(), app.LicenseRef{Tenant: "demo", License: "declared"}, func(l *app.License) (app.Event, error) {
		l.UserSeats, l.Seats, l.RequireFingerprint, l.Overage, l.MaxBorrow = 1, 7, false, 1.5, time.Hour
		return app.Event{Action: app.ActionUpdate, License: "declared"}, nil
	})
	require.NoError(t, err)
	seeds[0].Licenses[0].Seats = 9
	require.NoError(t, postgres.Upsert(t.Context(), owner(server), seeds))
	again := read("declared")
	assert.Equal(t, []any{1, 1.5, time.Hour}, []any{again.UserSeats, again.Overage, again.MaxBorrow}, "these are the administrators'")
	assert.Equal(t, []any{9, true}, []any{again.Seats, again.RequireFingerprint}, "these are declared")

	// The statement of the program before this column.
	server.Admin(t, `INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds, expires_at, max_borrow_seconds, overage, status, metadata)
		VALUES ('demo', 'before', 'p', 1, 60, 20, NULL, 0, 1, 'active', '{}')`)
	assert.False(t, read("before").RequireFingerprint)
}

func TestAnUpdateOfALicenceIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	updated, err := w.UpdateLicense(t.Context(), app.LicenseRef{Tenant: acme, License: "ide"}, func(l *app.License) (app.Event, error) {
		l.Seats = 7
		return app.Event{Action: app.ActionUpdate, License: "ide"}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, 7, updated.Seats)
	assert.Equal(t, 1, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'license.update' AND license_id = 'ide'`))

	w.declare(acme, app.StatusSuspended)
	_, err = w.License(t.Context(), app.LicenseRef{Tenant: acme, License: "none"})
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(err), "a suspended tenant learns of nothing else")
	_, err = w.License(t.Context(), app.LicenseRef{Tenant: other, License: "none"})
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
}
