package server_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// backToVersion1 makes the schema what it was before migration 2, and grants what the
// program of then had its role granted.
func (w *world) backToVersion1(t testing.TB) {
	t.Helper()
	w.postgres.Admin(t, apptest.Database,
		`DROP FUNCTION licensing.forget(text, timestamptz, integer)`, `DROP INDEX licensing.lease_age`,
		`DELETE FROM licensing.goose_version WHERE version_id = 2`,
		`GRANT EXECUTE ON FUNCTION licensing.erase(text), licensing.pseudonymise(timestamptz) TO "`+apptest.APIRole+`"`)
}

func TestTheProgramWaitsForItsMigrationAndTheOneBeforeGoesOnBesideIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")

	w.backToVersion1(t)
	next := w.start(t, nil)
	next.awaitUnready(t, w, "run the command migrate")
	w.migrate(t, tenants)
	next.awaitReady(t)
	assert.Equal(t, 200, next.heartbeat(t, token, lease).status, "the lease of before the migration lives")

	// What the program of before asks for, as its role.
	ctx, before := context.Background(), w.pool(t, apptest.APIRole)
	for _, statement := range []string{`SELECT licensing.pseudonymise(now() - interval '90 days')`, `SELECT licensing.erase('ada')`} {
		tx, err := before.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, `SELECT set_config('licensing.tenant', 'demo-1a2b', true)`)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, statement)
		require.NoError(t, err, statement)
		require.NoError(t, tx.Commit(ctx))
	}
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id = 'ada'`))
}

func TestAMigrationThatWasInterruptedIsRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// It outlived everything but its entry; then everything but the index.
	w.postgres.Admin(t, apptest.Database, `DELETE FROM licensing.goose_version WHERE version_id = 2`)
	w.migrate(t, tenants)
	w.backToVersion1(t)
	w.postgres.Admin(t, apptest.Database, `CREATE INDEX lease_age ON licensing.lease (id)`, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'licensing.lease_age'::regclass`)
	w.migrate(t, tenants)
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM pg_index WHERE indexrelid = 'licensing.lease_age'::regclass AND indisvalid AND indnatts = 2`))
}
