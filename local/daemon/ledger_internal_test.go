package daemon

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	ledger "github.com/coditect-ai/license-platform/app/postgres"
	live "github.com/coditect-ai/license-platform/app/redis"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// TestSeatsAndTheAuditTrailAreReadFromTheStoresThemselves runs a real PostgreSQL and
// a real Redis as the daemon does.
func TestSeatsAndTheAuditTrailAreReadFromTheStoresThemselves(t *testing.T) {
	t.Parallel()
	d, seed := storesOf(t)
	w := consoleData{d}
	ctx := t.Context()

	seats := w.Seats(ctx)
	require.Empty(t, seats.Why)
	require.Len(t, seats.Licenses, 1)
	got := seats.Licenses[0]
	assert.Equal(t, "demo", got.ID)
	assert.Equal(t, "demo-tenant", got.Tenant)
	assert.Equal(t, 5, got.Seats)
	require.NotNil(t, got.InUse, "Redis has not been asked for it, and no lease is open: nobody can have a seat")
	assert.Zero(t, *got.InUse)

	client := d.caches.running["seats"].Client()
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	store := live.NewSeats(client, func(string, time.Duration, error) {})
	license := seed.Licenses[0].Onto(app.License{})
	license.Tenant = seed.Tenant.ID
	loadLicense(t, store, license)
	got = w.Seats(ctx).Licenses[0]
	require.NotNil(t, got.InUse)
	assert.Zero(t, *got.InUse)

	trail := w.Audit(ctx)
	assert.Empty(t, trail.Why)
	require.NotEmpty(t, trail.Entries, "the settings declared a tenant and a licence")
	assert.Equal(t, "ledger", trail.Entries[0].Source)

	require.NoError(t, client.Do(ctx, "CLIENT", "PAUSE", "60000").Err())
	began := time.Now()
	got = w.Seats(ctx).Licenses[0]
	assert.Nil(t, got.InUse)
	assert.Equal(t, "not known: Redis does not answer", got.Why)
	assert.Less(t, time.Since(began), time.Minute, "it waits for a second, not for ever")
	d.faults.set(fault.Redis, true)
	got = w.Seats(ctx).Licenses[0]
	assert.Nil(t, got.InUse, "what cannot be read is not said")
	assert.Equal(t, "not known: Redis is made to fail", got.Why)
	d.faults.set(fault.Redis, false)
	d.faults.set(fault.Postgres, true)
	assert.Equal(t, "PostgreSQL is made to fail: go run ./local heal postgres", w.Seats(ctx).Why)
	assert.NotEmpty(t, w.Audit(ctx).Why)
	d.faults.set(fault.Postgres, false)
	require.NoError(t, d.databases.stop(ctx))
	assert.Equal(t, "PostgreSQL does not answer", w.Seats(ctx).Why)
}

// loadLicense makes Redis know a licence that nobody holds a seat of.
func loadLicense(t *testing.T, store *live.Seats, license app.License) {
	t.Helper()
	rebuild, err := store.Begin(t.Context(), license.Ref())
	require.NoError(t, err)
	require.NoError(t, store.Load(t.Context(), rebuild, license))
}

// storesOf is a daemon with nothing but its stores, in which one licence is declared.
func storesOf(t *testing.T) (*Daemon, ledger.Seed) {
	t.Helper()
	const owner, password, database, instance = "license-migrate", "secret", "licenses", "stores"
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	authority, err := certificate.LoadOrCreate(filepath.Join(dir, "ca"))
	require.NoError(t, err)
	supervisor, err := process.NewSupervisor(filepath.Join(dir, "run"), log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	d := &Daemon{log: log}
	d.store = store.New()
	d.issuer, err = identity.Open(filepath.Join(dir, "identity"))
	require.NoError(t, err)
	require.NoError(t, d.openAudit(filepath.Join(dir, "logs")))
	t.Cleanup(func() { assert.NoError(t, d.audit.Close()) })
	d.databases = &databases{dir: filepath.Join(dir, "postgres"), logs: dir, supervisor: supervisor, log: log, running: map[string]*postgres.Server{}}
	d.caches = &caches{dir: filepath.Join(dir, "redis"), logs: dir, authority: authority, supervisor: supervisor, log: log, running: map[string]*redis.Server{}}
	t.Cleanup(func() {
		assert.NoError(t, d.caches.stop(context.Background()))
		assert.NoError(t, d.databases.stop(context.Background()))
	})
	sql := netip.AddrPortFrom(port.Host(t), databasePort)
	ctx := t.Context()
	require.NoError(t, d.databases.EnsureInstance(ctx, "project", instance, sql, map[string]string{"max_connections": "25"}))
	require.NoError(t, d.databases.EnsureDatabase(ctx, instance, database, "", ""))
	require.NoError(t, d.databases.EnsureUser(ctx, instance, owner, password, string(postgres.BuiltIn)))
	require.NoError(t, d.caches.EnsureCache(ctx, "seats", port.Address(t), password, nil, 64))
	for _, r := range []store.Resource{
		{URN: "urn:database", Type: gcp.TypeDatabase, ID: "database", Outputs: map[string]any{"instance": instance, "name": database}},
		{URN: "urn:redis", Type: gcp.TypeRedisInstance, ID: "seats", Outputs: map[string]any{}},
	} {
		require.NoError(t, d.store.Put(r))
	}
	authorityOfSQL, err := d.databases.ServerCA(instance)
	require.NoError(t, err)
	options := ledger.Options{Address: sql.String(), CA: authorityOfSQL, Database: database, User: owner, Password: password}
	require.NoError(t, ledger.Migrate(ctx, options, "", log))
	license := app.Declared{ID: "demo", Product: "coditect-ide", Seats: 5}
	seed := ledger.Seed{Tenant: app.Tenant{ID: "demo-tenant", Name: "demo", Status: app.StatusActive}, Licenses: []app.Declared{license}}
	require.NoError(t, ledger.Upsert(ctx, options, []ledger.Seed{seed}))
	return d, seed
}
