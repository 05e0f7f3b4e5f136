package server_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func (w *fixture) pool(t testing.TB, user string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(context.Background(), postgres.Options{
		Address: w.postgres.Address, CA: w.postgres.CA, Database: w.postgres.Database, User: user, Password: apptest.Password, MaxConnections: 16,
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// hold begins a transaction that stays open for as long as the test needs, however busy
// the machine is.
func (w *fixture) hold(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := w.pool(t, apptest.APIRole).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SET LOCAL idle_in_transaction_session_timeout = 0`)
	require.NoError(t, err)
	return tx
}

func (w *fixture) ledger(t testing.TB) *postgres.Ledger {
	t.Helper()
	return postgres.NewLedger(w.pool(t, apptest.APIRole), func(string, time.Duration, error) {})
}

// forget applies the retention of 90 days to every tenant.
func (w *fixture) forget(t testing.TB) int64 {
	t.Helper()
	service := app.New(app.Dependencies{Ledger: w.ledger(t), Now: time.Now})
	changed, err := service.Forget(context.Background(), 90*24*time.Hour)
	require.NoError(t, err)
	return changed
}

// Two tenants with the same licence, and in it leases with the same id.
const (
	mine   = "demo-1a2b"
	theirs = "other-3c4d"
)

// lastHours are this hour and the one before.
func lastHours() app.Period {
	now := time.Now().UTC()
	return app.Period{From: now.Add(-time.Hour).Truncate(time.Hour), To: now.Add(time.Second)}
}

// twinCredential is the id of a credential of each tenant.
var twinCredential = strings.Repeat("c", 26)

// twins gives each of the tenants a lease, an audit event and a credential that carry its name.
func (w *fixture) twins(t testing.TB) string {
	t.Helper()
	id := "demo_" + strings.Repeat("t", 26)
	for _, tenant := range []string{mine, theirs} {
		marked := "mark-of-" + tenant
		require.NoError(t, w.ledger(t).Grant(t.Context(), app.Lease{
			Tenant: tenant, License: "demo", ID: id, Kind: app.KindFloating, Fingerprint: marked, User: marked, Email: marked, Address: marked,
			GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Minute),
		}, 0, nil, app.Event{Origin: app.Origin{User: marked, Address: marked, RequestID: marked}, Action: app.ActionAcquire, License: "demo", Lease: id}))
		_, err := w.ledger(t).CreateCredential(t.Context(), app.Credential{Tenant: tenant, ID: twinCredential, Name: marked, Licenses: []string{"demo"}}, app.Event{})
		require.NoError(t, err)
		require.NoError(t, w.ledger(t).Refuse(t.Context(), tenant, app.Event{Origin: app.Origin{User: marked, Address: marked}, License: "demo", Code: app.CodeNoSeats}))
	}
	return id
}

// rowsOf are all rows of a tenant, as nobody but the database's administrator sees them.
func (w *fixture) rowsOf(t testing.TB, tenant string) string {
	t.Helper()
	return w.postgres.Text(t, `SELECT string_agg(r, E'\n' ORDER BY r) FROM (
		SELECT t::text r FROM licensing.tenant t WHERE id = $1 UNION ALL SELECT l::text FROM licensing.license l WHERE tenant_id = $1
		UNION ALL SELECT l::text FROM licensing.lease l WHERE tenant_id = $1 UNION ALL SELECT a::text FROM licensing.audit a WHERE tenant_id = $1
		UNION ALL SELECT c::text FROM licensing.credential c WHERE tenant_id = $1 UNION ALL SELECT r::text FROM licensing.refusal r WHERE tenant_id = $1) rows`, tenant)
}

func TestNoMethodOfTheLedgerCrossesTenants(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, ledger := t.Context(), w.ledger(t)
	id := w.twins(t)
	before := w.rowsOf(t, mine)
	require.Contains(t, before, "mark-of-"+mine)
	ref, only := app.LicenseRef{Tenant: theirs, License: "demo"}, app.LicenseRef{Tenant: theirs, License: "big"}
	lease := app.Lease{Tenant: theirs, License: "demo", ID: id, Kind: app.KindFloating, GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	change := func(l *app.License) (app.Event, error) { l.Seats = 2; return app.Event{}, nil }
	calls := map[string]func() (any, error){
		"Active":  func() (any, error) { return nil, ledger.Active(ctx, theirs) },
		"License": func() (any, error) { return ledger.License(ctx, ref) },
		"Lease":   func() (any, error) { return ledger.Lease(ctx, theirs, id) },
		"Seat":    func() (any, error) { return nil, ledger.Seat(ctx, ref, time.Now()) },
		"Grant": func() (any, error) {
			license, err := ledger.License(ctx, ref)
			require.NoError(t, err)
			return nil, ledger.Grant(ctx, lease, license.Revision, nil, app.Event{})
		},
		"End": func() (any, error) {
			return nil, ledger.End(ctx, theirs, []app.Ending{{Lease: id, At: time.Now(), Reason: app.ReasonExpired}})
		},
		"Record":       func() (any, error) { return nil, ledger.Record(ctx, theirs, app.Event{Action: app.ActionAcquire}) },
		"Licenses":     func() (any, error) { return ledger.Licenses(ctx, theirs, "", 100) },
		"Leases":       func() (any, error) { return ledger.Leases(ctx, ref, "", 100) },
		"Events":       func() (any, error) { return ledger.Events(ctx, theirs, 0, 100) },
		"All":          func() (any, error) { return ledger.All(ctx, theirs, "", 100) },
		"OpenOf":       func() (any, error) { return ledger.OpenOf(ctx, theirs, "", "", 10) },
		"Export":       func() (any, error) { return ledger.Export(ctx, theirs, "", app.Place{}, 100, app.Event{}) },
		"Erase":        func() (any, error) { return ledger.Erase(ctx, theirs, "", app.Event{}) },
		"OpenErased":   func() (any, error) { return ledger.OpenErased(ctx, theirs) },
		"Pseudonymise": func() (any, error) { return ledger.Pseudonymise(ctx, theirs, time.Now().Add(time.Hour)) },
		"CreateLicense": func() (any, error) {
			return ledger.CreateLicense(ctx, app.License{Tenant: theirs, ID: "new", Product: "p", Seats: 1}.Defaulted(), app.Event{})
		},
		"UpdateLicense": func() (any, error) { return ledger.UpdateLicense(ctx, ref, change) },
		"Refuse":        func() (any, error) { return nil, ledger.Refuse(ctx, theirs, app.Event{License: "demo"}) },
		"Hours":         func() (any, error) { return ledger.Hours(ctx, ref, lastHours()) },
		"Denials": func() (any, error) {
			found, _, err := ledger.Denials(ctx, theirs, "", lastHours(), app.Event{}, 100)
			return found, err
		},
		"CreateCredential": func() (any, error) {
			return ledger.CreateCredential(ctx, app.Credential{Tenant: theirs, ID: strings.Repeat("d", 26), Name: "new", Licenses: []string{"demo"}}, app.Event{})
		},
		"Credential":       func() (any, error) { return ledger.Credential(ctx, theirs, twinCredential) },
		"ListCredentials":  func() (any, error) { return ledger.ListCredentials(ctx, theirs, "", 100) },
		"CredentialUsed":   func() (any, error) { return nil, ledger.CredentialUsed(ctx, theirs, twinCredential, 0) },
		"RevokeCredential": func() (any, error) { return ledger.RevokeCredential(ctx, theirs, twinCredential, app.Event{}) },
	}
	for name, call := range calls {
		found, err := call()
		require.NoError(t, err, name)
		assert.NotContains(t, fmt.Sprintf("%+v", found), mine, name)
		assert.Equal(t, before, w.rowsOf(t, mine), "%s changed another tenant's rows", name)
	}
	// What only the other tenant has does not exist.
	for name, call := range map[app.Code]func() error{
		app.CodeLicenseNotFound: func() error { _, err := ledger.License(ctx, only); return err },
		app.CodeLeaseNotFound:   func() error { _, err := ledger.Lease(ctx, theirs, app.NewLeaseID("big")); return err },
	} {
		assert.Equal(t, name, app.CodeOf(call()))
	}
	_, err := ledger.UpdateLicense(ctx, only, change)
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
	stray := lease
	stray.License = "big"
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(ledger.Grant(ctx, stray, 0, nil, app.Event{})))

	for i := range reflect.TypeFor[app.Ledger]().NumMethod() {
		name := reflect.TypeFor[app.Ledger]().Method(i).Name
		// Housekeeping sees all tenants' names and times, and the numbers of their licences.
		if !slices.Contains([]string{"Mark", "Changed", "Standing", "OpenLeases", "EndAll", "Aged"}, name) {
			assert.Contains(t, calls, name, "a method that this test does not know")
		}
	}
}

func TestHousekeepingSeesAllTenantsAndNobodysData(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, ledger := t.Context(), w.ledger(t)
	id := w.twins(t)
	open, next, err := ledger.OpenLeases(ctx, app.OpenLease{}, 100)
	require.NoError(t, err)
	assert.Nil(t, next)
	require.Len(t, open, 2)
	for i, tenant := range []string{mine, theirs} {
		assert.Equal(t, app.LicenseRef{Tenant: tenant, License: "demo"}, open[i].LicenseRef)
		assert.Equal(t, id, open[i].ID)
		assert.NotContains(t, fmt.Sprintf("%+v", open[i]), "mark-of")
	}
	// Pages of one lease end in the same place.
	first, next, err := ledger.OpenLeases(ctx, app.OpenLease{}, 1)
	require.NoError(t, err)
	require.NotNil(t, next)
	second, _, err := ledger.OpenLeases(ctx, *next, 1)
	require.NoError(t, err)
	assert.Equal(t, open, append(first, second...))

	mark, err := ledger.Mark(ctx)
	require.NoError(t, err)
	changed, err := ledger.Changed(ctx, mark, app.LicenseRef{}, 100)
	require.NoError(t, err)
	assert.Empty(t, changed)
	w.suspend(t)
	_, err = ledger.UpdateLicense(ctx, app.LicenseRef{Tenant: mine, License: "big"}, func(l *app.License) (app.Event, error) { l.Seats = 9; return app.Event{}, nil })
	require.NoError(t, err)
	changed, err = ledger.Changed(ctx, mark, app.LicenseRef{}, 100)
	require.NoError(t, err)
	assert.Equal(t, []app.LicenseRef{{Tenant: mine, License: "big"}, {Tenant: theirs}}, changed)
	standing, err := ledger.Standing(ctx, []app.LicenseRef{{Tenant: theirs, License: "demo"}, {Tenant: mine, License: "none"}, {Tenant: mine, License: "big"}})
	require.NoError(t, err)
	require.Len(t, standing, 2)
	for _, license := range standing {
		assert.Equal(t, map[string]app.Status{mine: app.StatusActive, theirs: app.StatusTenantSuspended}[license.Tenant], license.Status)
	}

	tenants, after, err := ledger.Aged(ctx, time.Now().Add(time.Hour), "")
	require.NoError(t, err)
	assert.Empty(t, after)
	assert.ElementsMatch(t, []string{mine, theirs}, tenants, "their audit events are older than that")
	tenants, _, err = ledger.Aged(ctx, time.Now().Add(-time.Hour), "")
	require.NoError(t, err)
	assert.Empty(t, tenants)
}

func TestTheLedgerItselfRefusesWhatTheRulesForbid(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, ledger := t.Context(), w.ledger(t)
	ref := app.LicenseRef{Tenant: theirs, License: "demo"}
	lease := func() app.Lease {
		return app.Lease{Tenant: theirs, License: "demo", ID: app.NewLeaseID("demo"), Kind: app.KindFloating, GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	}
	grant := func(l app.Lease) app.Code { return app.CodeOf(ledger.Grant(ctx, l, 0, nil, app.Event{})) }
	first := lease()
	require.Empty(t, grant(first))
	require.Empty(t, grant(lease()))
	require.Empty(t, grant(lease()))
	assert.Equal(t, app.CodeNoSeats, grant(lease()), "three seats are taken")
	assert.Empty(t, grant(first), "one that is open is no other")

	for _, reason := range []app.Reason{app.ReasonExpired, app.ReasonCancelled} {
		require.NoError(t, ledger.End(ctx, theirs, []app.Ending{{Lease: first.ID, At: time.Now(), Reason: reason}}))
		first.GrantedAt = time.Now()
		assert.Empty(t, grant(first), "%s is not for good", reason)
	}
	require.NoError(t, ledger.End(ctx, theirs, []app.Ending{{Lease: first.ID, At: time.Now().Add(-time.Hour), Reason: app.ReasonExpired}}))
	found, err := ledger.Lease(ctx, theirs, first.ID)
	require.NoError(t, err)
	assert.True(t, found.EndedAt.IsZero(), "it was seated again later")
	require.NoError(t, ledger.End(ctx, theirs, []app.Ending{{Lease: first.ID, At: time.Now().Add(-time.Hour), Reason: app.ReasonForced}}))
	assert.Equal(t, app.CodeLeaseEnded, grant(first), "this is")

	set := func(change func(*app.License)) {
		_, err := ledger.UpdateLicense(ctx, ref, func(l *app.License) (app.Event, error) { change(l); return app.Event{}, nil })
		require.NoError(t, err)
	}
	set(func(l *app.License) { l.Status = app.StatusSuspended })
	assert.Equal(t, app.CodeLicenseSuspended, grant(lease()))
	set(func(l *app.License) { l.Status, l.ExpiresAt = app.StatusActive, time.Now().Add(-time.Second) })
	assert.Equal(t, app.CodeLicenseExpired, grant(lease()))
	set(func(l *app.License) { l.Status, l.ExpiresAt = app.StatusRevoked, time.Time{} })
	assert.Equal(t, app.CodeLicenseRevoked, grant(lease()))
	w.migrate(t, `[{"id":"`+theirs+`","name":"other","status":"suspended"}]`)
	assert.Equal(t, app.CodeTenantSuspended, grant(lease()))
}

func TestTransactionsOnTheSameLeasesDoNotBreakEachOther(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ledger := w.ledger(t)
	one, two := app.NewLeaseID("demo"), app.NewLeaseID("demo")
	grant := func(id string, endings ...app.Ending) error {
		return ledger.Grant(t.Context(), app.Lease{Tenant: mine, License: "demo", ID: id, Kind: app.KindFloating, GrantedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}, 0, endings, app.Event{})
	}
	expired := func(id string) app.Ending { return app.Ending{Lease: id, At: time.Now(), Reason: app.ReasonExpired} }
	require.NoError(t, grant(one))
	require.NoError(t, grant(two))
	var group sync.WaitGroup
	for _, do := range []func() error{
		func() error { return grant(one, expired(two)) },
		func() error { return grant(two, expired(one)) },
		func() error { return ledger.End(t.Context(), mine, []app.Ending{expired(two), expired(one)}) },
		func() error { return ledger.End(t.Context(), mine, []app.Ending{expired(one), expired(two)}) },
		func() error {
			return ledger.EndAll(t.Context(), []app.Settlement{
				{Ref: app.LicenseRef{Tenant: theirs, License: "demo"}, Endings: []app.Ending{expired(one)}},
				{Ref: app.LicenseRef{Tenant: mine, License: "demo"}, Endings: []app.Ending{expired(two), expired(one)}},
			})
		},
		func() error {
			return ledger.Seat(t.Context(), app.LicenseRef{Tenant: mine, License: "demo"}, time.Now())
		},
		func() error { _, err := ledger.Erase(t.Context(), mine, "", app.Event{}); return err },
	} {
		group.Go(func() {
			for range 100 {
				if !assert.NoError(t, do()) {
					return
				}
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`), 2)
	assert.Zero(t, w.postgres.Count(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = $1`, w.postgres.Database))
}

func TestTheDatabaseItselfKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx := context.Background()
	conn := w.pool(t, apptest.APIRole)
	w.migrate(t, tenants) // a second time changes nothing and fails at nothing

	for _, table := range []string{"tenant", "license", "lease", "audit"} {
		var rows int
		require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM licensing.`+table).Scan(&rows), table)
		assert.Zero(t, rows, "without a tenant named, %s is empty", table)
	}
	w.twins(t)
	before := w.rowsOf(t, mine)
	as := func(tenant, statement string, into ...any) error {
		tx, err := conn.Begin(ctx)
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Rollback(ctx)) }()
		_, err = tx.Exec(ctx, `SELECT set_config('licensing.tenant', $1, true)`, tenant)
		require.NoError(t, err)
		if len(into) > 0 {
			return tx.QueryRow(ctx, statement).Scan(into...)
		}
		_, err = tx.Exec(ctx, statement)
		return err
	}
	for table, column := range map[string]string{"tenant": "id", "license": "tenant_id", "lease": "tenant_id", "audit": "tenant_id", "credential": "tenant_id", "refusal": "tenant_id"} {
		var own, foreign int
		require.NoError(t, as(theirs, fmt.Sprintf(`SELECT count(*) FILTER (WHERE %[1]s = '%[2]s'), count(*) FILTER (WHERE %[1]s <> '%[2]s') FROM licensing.%[3]s`, column, theirs, table), &own, &foreign))
		assert.NotZero(t, own, table)
		assert.Zero(t, foreign, "a query without a condition sees the other tenant's rows of %s", table)
	}
	for table, set := range map[string]string{"license": "seats = 1", "lease": "user_id = ''", "credential": "last_used_at = now()", "refusal": "times = 0"} {
		var changed int
		require.NoError(t, as(theirs, `WITH changed AS (UPDATE licensing.`+table+` SET `+set+` RETURNING tenant_id) SELECT count(*) FROM changed WHERE tenant_id <> '`+theirs+`'`, &changed))
		assert.Zero(t, changed, table)
	}
	var forgotten int
	require.NoError(t, as(theirs, `SELECT licensing.scrub('', 'infinity', 1000)`, &forgotten))
	assert.Equal(t, w.postgres.Count(t, `SELECT (SELECT count(*) FROM licensing.lease WHERE tenant_id = $1) + (SELECT count(*) FROM licensing.audit WHERE tenant_id = $1 AND user_id <> '')`, theirs), forgotten, "what runs as the owner keeps to the tenant, too")
	require.NoError(t, as("", `SELECT licensing.scrub('', 'infinity', 1000)`, &forgotten))
	assert.Zero(t, forgotten, "and to none without one")
	for _, insert := range []string{
		`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds) VALUES ('demo-1a2b', 'x', 'p', 1, 10, 3)`,
		`INSERT INTO licensing.lease (tenant_id, id, license_id, kind, fingerprint, user_id, granted_at, seated_at, expires_at) VALUES ('demo-1a2b', 'x', 'demo', 'floating', 'f', 'u', now(), now(), now())`,
		`INSERT INTO licensing.audit (tenant_id, action) VALUES ('demo-1a2b', 'x')`,
		`INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses) VALUES ('demo-1a2b', 'x', 'x', sha256(''), '{demo}')`,
		`INSERT INTO licensing.refusal (tenant_id, digest, audit_id) VALUES ('demo-1a2b', '', 1)`,
		`UPDATE licensing.lease SET tenant_id = 'demo-1a2b'`,
	} {
		require.ErrorContains(t, as(theirs, insert), "row-level security", insert)
	}
	assert.Equal(t, before, w.rowsOf(t, mine))

	for name, statement := range map[string]string{
		"the audit trail cannot be changed":   `UPDATE licensing.audit SET user_id = ''`,
		"the audit trail cannot be shortened": `DELETE FROM licensing.audit`,
		"nor emptied":                         `TRUNCATE licensing.audit`,
		"tenants cannot be made":              `INSERT INTO licensing.tenant (id, name) VALUES ('x', 'x')`,
		"leases cannot be deleted":            `DELETE FROM licensing.lease`,
		"refusals cannot be deleted":          `DELETE FROM licensing.refusal`,
		"nor given to others":                 `UPDATE licensing.refusal SET audit_id = 1`,
		"a credential's secret is for good":   `UPDATE licensing.credential SET digest = sha256('')`,
		"and so is whose leases it has":       `UPDATE licensing.credential SET holder = 'x'`,
		"and so is what it is for":            `UPDATE licensing.credential SET licenses = '{big}'`,
		"security cannot be switched off":     `ALTER TABLE licensing.lease DISABLE ROW LEVEL SECURITY`,
		"another role cannot be taken":        `SET ROLE "` + apptest.MigrationRole + `"`,
		"nothing can be made in the schema":   `CREATE TABLE licensing.x ()`,
	} {
		_, err := conn.Exec(ctx, statement)
		assert.ErrorContains(t, err, "SQLSTATE 42501", name)
	}
	assert.Equal(t, 0, w.postgres.Count(t, `SELECT count(*) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = 'cloudsqlsuperuser'`), "Cloud SQL's powerful role was taken away")
	assert.Equal(t, 8, w.postgres.Count(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'licensing'::regnamespace AND relrowsecurity AND relforcerowsecurity`))

	owner := w.pool(t, apptest.MigrationRole)
	assert.ErrorContains(t, owner.Ping(ctx), "refuses to work", "the API does not run as the schema's owner")
}
