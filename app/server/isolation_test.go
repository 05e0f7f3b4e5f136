package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func (w *world) pool(t testing.TB, user string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(context.Background(), postgres.Options{
		Address: w.postgres.Address, CA: w.postgres.CA, Database: apptest.Database, User: user, Password: apptest.Password, MaxConnections: 16,
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func (w *world) ledger(t testing.TB) *postgres.Ledger {
	t.Helper()
	return postgres.NewLedger(w.pool(t, apptest.APIRole), func(string, time.Duration, error) {})
}

// forget applies the retention of 90 days to every tenant.
func (w *world) forget(t testing.TB) int64 {
	t.Helper()
	service := app.New(app.Dependencies{Ledger: w.ledger(t), Now: time.Now})
	changed, err := service.Forget(context.Background(), 90*24*time.Hour)
	require.NoError(t, err)
	return changed
}

func TestNoQueryCrossesTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	ledger := w.ledger(t)
	mine := app.LicenseRef{Tenant: "demo-1a2b", License: "big"}
	lease := app.Lease{
		Tenant: mine.Tenant, License: mine.License, ID: app.NewLeaseID("big"), Kind: app.KindFloating, Fingerprint: "device-1", User: "ada",
		GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Minute),
	}
	require.NoError(t, ledger.Grant(ctx, lease, 100, nil, app.Event{User: "ada", Action: app.ActionAcquire, Lease: lease.ID}))
	const other = "other-3c4d"
	theirs := app.LicenseRef{Tenant: other, License: mine.License}

	_, err := ledger.License(ctx, theirs)
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
	_, err = ledger.Lease(ctx, other, lease.ID)
	assert.Equal(t, app.CodeLeaseNotFound, app.CodeOf(err))
	open, err := ledger.Open(ctx, theirs)
	require.NoError(t, err)
	assert.Empty(t, open)
	leases, err := ledger.Leases(ctx, theirs, "", 10)
	require.NoError(t, err)
	assert.Empty(t, leases)
	require.NoError(t, ledger.End(ctx, other, []app.Ending{{Lease: lease.ID, At: time.Now().Add(time.Hour), Reason: app.ReasonForced}}))
	assert.NotEqual(t, "", app.CodeOf(ledger.Grant(ctx, app.Lease{Tenant: other, License: "big", ID: lease.ID, Kind: app.KindFloating, GrantedAt: time.Now(), ExpiresAt: time.Now()}, 100, nil, app.Event{})))
	_, err = ledger.UpdateLicense(ctx, theirs, app.Event{}, func(l *app.License) error { l.Seats = 1; return nil })
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
	licenses, err := ledger.Licenses(ctx, other, "", 100)
	require.NoError(t, err)
	for _, l := range licenses {
		assert.Equal(t, other, l.Tenant)
	}
	busy, err := ledger.Busy(ctx, other)
	require.NoError(t, err)
	assert.Empty(t, busy)
	events, err := ledger.Events(ctx, other, 0, 100)
	require.NoError(t, err)
	assert.Empty(t, events)
	data, err := ledger.Export(ctx, other, "", app.Place{}, 100, app.Event{})
	require.NoError(t, err)
	assert.Empty(t, data.Leases)
	_, err = ledger.Erase(ctx, other, "", app.Event{})
	require.NoError(t, err)
	_, err = ledger.Pseudonymise(ctx, other, time.Now().Add(time.Hour))
	require.NoError(t, err)

	second := lease
	second.ID = app.NewLeaseID("big")
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(ledger.Grant(ctx, second, 1, nil, app.Event{})), "the ledger itself refuses a lease too many")
	require.NoError(t, ledger.Grant(ctx, lease, 1, nil, app.Event{}), "one that is open stays")

	found, err := ledger.Lease(ctx, mine.Tenant, lease.ID)
	require.NoError(t, err)
	assert.Equal(t, "ada", found.User, "nothing that the other tenant did reached this row")
	assert.True(t, found.EndedAt.IsZero())
}

func TestTheDatabaseItselfKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	conn := w.pool(t, apptest.APIRole)
	w.migrate(t, tenants) // a second time changes nothing and fails at nothing

	for _, table := range []string{"tenant", "license", "lease", "audit"} {
		var rows int
		require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM licensing.`+table).Scan(&rows), table)
		assert.Zero(t, rows, "without a tenant named, %s is empty", table)
	}
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, `SELECT set_config('licensing.tenant', 'other-3c4d', true)`)
	require.NoError(t, err)
	var licenses int
	require.NoError(t, tx.QueryRow(ctx, `SELECT count(*) FROM licensing.license`).Scan(&licenses))
	assert.Equal(t, 1, licenses)
	_, err = tx.Exec(ctx, `INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds) VALUES ('demo-1a2b', 'x', 'p', 1, 10, 3)`)
	require.ErrorContains(t, err, "row-level security")
	require.NoError(t, tx.Rollback(ctx))

	for name, statement := range map[string]string{
		"the audit trail cannot be changed":   `UPDATE licensing.audit SET user_id = ''`,
		"the audit trail cannot be shortened": `DELETE FROM licensing.audit`,
		"nor emptied":                         `TRUNCATE licensing.audit`,
		"tenants cannot be made":              `INSERT INTO licensing.tenant (id, name) VALUES ('x', 'x')`,
		"leases cannot be deleted":            `DELETE FROM licensing.lease`,
		"security cannot be switched off":     `ALTER TABLE licensing.lease DISABLE ROW LEVEL SECURITY`,
		"another role cannot be taken":        `SET ROLE "` + apptest.MigrationRole + `"`,
		"nothing can be made in the schema":   `CREATE TABLE licensing.x ()`,
	} {
		_, err := conn.Exec(ctx, statement)
		assert.ErrorContains(t, err, "SQLSTATE 42501", name)
	}
	assert.Equal(t, 0, w.postgres.Count(t, `SELECT count(*) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = 'cloudsqlsuperuser'`), "Cloud SQL's powerful role was taken away")
	assert.Equal(t, 4, w.postgres.Count(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'licensing'::regnamespace AND relrowsecurity AND relforcerowsecurity`))

	owner := w.pool(t, apptest.MigrationRole)
	assert.ErrorContains(t, owner.Ping(ctx), "refuses to work", "the API does not run as the schema's owner")
}
