package postgres_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/postgres"
)

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(databases.Around(m)) }

// databases have the schema.
var databases = apptest.SharedPostgres{Prepare: migrate}

func migrate(tb testing.TB, server *apptest.Postgres) {
	tb.Helper()
	require.NoError(tb, postgres.Migrate(tb.Context(), owner(server), apptest.APIRole, slog.New(slog.DiscardHandler)))
}

// owner are the options of the schema's owner.
func owner(server *apptest.Postgres) postgres.Options {
	return postgres.Options{
		Address: server.Address, CA: server.CA, Database: server.Database, User: apptest.MigrationRole, Password: apptest.Password, MaxConnections: 4,
	}
}

// open opens a pool for the API's role.
func open(t *testing.T, server *apptest.Postgres) *pgxpool.Pool {
	t.Helper()
	options := owner(server)
	options.User = apptest.APIRole
	as, err := postgres.Open(t.Context(), options)
	require.NoError(t, err)
	defer as.Close()
	config := as.Config()
	// A busy machine may be too slow for the limits of the service while a test holds a row.
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		config.ConnConfig.RuntimeParams[limit] = strconv.FormatInt(await.Limit.Milliseconds(), 10)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// fixture is the ledger of two tenants. The tenant acme has the
// licences cad and ide, with two seats each, and other has ide.
type fixture struct {
	*postgres.Ledger
	t      *testing.T
	server *apptest.Postgres
	pool   *pgxpool.Pool
	// failed counts the transactions that were observed as faults.
	failed atomic.Int64
}

const acme, other = "acme", "other"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return fixtureOn(t, databases.Start(t))
}

// newFixtureAlone is a fixture with its own server.
func newFixtureAlone(t *testing.T) *fixture {
	t.Helper()
	server := apptest.StartPostgres(t)
	migrate(t, server)
	return fixtureOn(t, server)
}

func fixtureOn(t *testing.T, server *apptest.Postgres) *fixture {
	t.Helper()
	w := &fixture{t: t, server: server, pool: open(t, server)}
	w.declare(acme, app.StatusActive, licence("cad"), licence("ide"))
	w.declare(other, app.StatusActive, licence("ide"))
	w.Ledger = postgres.NewLedger(w.pool, func(_ string, _ time.Duration, err error) {
		if err != nil {
			w.failed.Add(1)
		}
	})
	return w
}

func licence(id string) app.License {
	return app.License{ID: id, Product: "p", Seats: 2}.Defaulted()
}

// declare writes a tenant and its licences, as the command migrate does.
func (w *fixture) declare(tenant string, status app.Status, licenses ...app.License) {
	w.t.Helper()
	seed := postgres.Seed{Tenant: app.Tenant{ID: tenant, Name: tenant, Status: status}}
	for _, l := range licenses {
		seed.Licenses = append(seed.Licenses, app.Declared{ID: l.ID, Product: l.Product, Seats: l.Seats})
	}
	require.NoError(w.t, postgres.Upsert(w.t.Context(), owner(w.server), []postgres.Seed{seed}))
}

// lease is a new one of a user of acme.
func lease(license, user string) app.Lease {
	now := time.Now().Truncate(time.Microsecond)
	return app.Lease{
		Tenant: acme, License: license, ID: app.NewLeaseID(license), Kind: app.KindFloating, Fingerprint: user + "s-device",
		User: user, Email: user + "@example.com", Address: "192.0.2.1", GrantedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// grant writes a lease with its event.
func (w *fixture) grant(l app.Lease) app.Lease {
	w.t.Helper()
	event := app.Event{Origin: app.Origin{User: l.User, Address: l.Address}, Action: app.ActionAcquire, License: l.License, Lease: l.ID}
	require.NoError(w.t, w.Grant(w.t.Context(), l, 0, nil, event))
	return l
}

// end ends a lease now.
func (w *fixture) end(l app.Lease, reason app.Reason) {
	w.t.Helper()
	require.NoError(w.t, w.End(w.t.Context(), l.Tenant, []app.Ending{{Lease: l.ID, At: time.Now(), Reason: reason}}))
}

// read returns the lease as the ledger has it.
func (w *fixture) read(l app.Lease) app.Lease {
	w.t.Helper()
	found, err := w.Lease(context.Background(), l.Tenant, l.ID)
	require.NoError(w.t, err)
	return found
}
