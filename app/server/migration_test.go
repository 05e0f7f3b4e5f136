package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// earlier is a program of before: how to get from the schema of the next version to its
// own, and what it asks of the database.
type earlier struct {
	version int
	undo    []string
	asks    []string
}

// earlierPrograms are the latest first.
func earlierPrograms() []earlier {
	const role = `"` + apptest.APIRole + `"`
	return []earlier{
		{
			version: 18,
			undo: []string{
				`DROP TRIGGER note_promise ON licensing.license`, `DROP FUNCTION licensing.note_promise()`, `ALTER TABLE licensing.license DROP COLUMN promised_until`,
			},
			asks: []string{
				`UPDATE licensing.license SET lease_seconds = lease_seconds - 1, updated_at = now() WHERE id = 'short'`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 13,
			undo:    []string{`ALTER TABLE licensing.credential DROP COLUMN holder`},
			asks: []string{
				`INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses) VALUES ('demo-1a2b', 'x', 'x', sha256(''), '{demo}')`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 11,
			undo: []string{
				`DROP FUNCTION licensing.grant_lease(text, text, bigint, text, text, text, text, text, text, timestamptz, timestamptz, text,
					text, text, text, text, text, text, text, text[], timestamptz[], text[], boolean[], text[], text[], text[], text[])`,
				`DROP FUNCTION licensing.end_leases(text, text[], text[], timestamptz[], text[], boolean[], text[], text[], text[], text[])`,
			},
			asks: []string{
				`SELECT licensing.admit_holder('demo-1a2b', 'demo', 'demo_v', 'ada', '')`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 9,
			undo: []string{
				`DROP INDEX licensing.audit_leases`, `DROP INDEX licensing.audit_refusals`,
				`DROP FUNCTION licensing.refuse(text, text, text, text, text, text, text, text)`, `DROP TABLE licensing.refusal`,
			},
			asks: []string{
				`INSERT INTO licensing.audit (tenant_id, user_id, action, license_id, code) VALUES ('demo-1a2b', 'ada', 'request.refuse', 'demo', 'no_seats_available')`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 8,
			undo:    []string{`DROP TABLE licensing.credential`},
			asks: []string{
				`UPDATE licensing.license SET user_seats = 1 WHERE tenant_id = 'demo-1a2b' AND id = 'demo'`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 6,
			undo: []string{
				`DROP INDEX licensing.lease_open_reservation`, `DROP INDEX licensing.lease_open_user`, `DROP FUNCTION licensing.admit_holder(text, text, text, text, text)`,
				`ALTER TABLE licensing.lease DROP CONSTRAINT lease_end_reason_check`,
				`ALTER TABLE licensing.lease ADD CONSTRAINT lease_end_reason_check CHECK (end_reason IN ('released', 'expired', 'forced', 'cancelled'))`,
				`ALTER TABLE licensing.lease DROP COLUMN reservation`,
				`ALTER TABLE licensing.license DROP COLUMN user_seats, DROP COLUMN reservations, DROP COLUMN features, DROP COLUMN grace_seconds,
					DROP COLUMN lease_grace_seconds, DROP COLUMN when_full, DROP COLUMN take_idle_seconds`,
			},
			asks: []string{
				`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds, expires_at, max_borrow_seconds, overage, status, metadata, require_fingerprint)
					VALUES ('demo-1a2b', 'of-before', 'p', 1, 60, 20, NULL, 0, 1.2, 'active', '{}', false)`,
				`UPDATE licensing.license SET seats = 3, overage = 1, require_fingerprint = true, updated_at = now() WHERE tenant_id = 'demo-1a2b' AND id = 'demo'`,
				`SELECT licensing.admit('demo-1a2b', 'demo', 'demo_z')`,
				`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at)
					VALUES ('demo-1a2b', 'demo', 'demo_z', 'floating', 'f', 'ada', '', '', now(), now(), now())`,
				// What it does with an ending of the program after it.
				`UPDATE licensing.lease SET ended_at = now(), end_reason = 'taken' WHERE tenant_id = 'demo-1a2b' AND id = 'demo_z'`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 5,
			undo:    []string{`ALTER TABLE licensing.license DROP COLUMN require_fingerprint`},
			asks: []string{
				`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds, expires_at, max_borrow_seconds, overage, status, metadata)
					VALUES ('demo-1a2b', 'of-before', 'p', 1, 60, 20, NULL, 0, 1, 'active', '{}')`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 3,
			undo: []string{
				`DROP INDEX licensing.audit_named`, `DROP FUNCTION licensing.aged(timestamptz, text, integer)`, `DROP FUNCTION licensing.open_leases(text, text, text, integer, integer)`,
				`DROP FUNCTION licensing.changes(bigint, text, text, integer)`, `DROP TRIGGER note_change ON licensing.license`, `DROP TRIGGER note_change ON licensing.tenant`,
				`DROP FUNCTION licensing.note_change()`, `DROP TABLE licensing.change`, `DROP TABLE licensing.seating`,
			},
			asks: []string{
				`SELECT licensing.tenant_ids()`,
				`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at)
					VALUES ('demo-1a2b', 'demo', 'demo_y', 'floating', 'f', 'ada', '', '', now(), now(), now())`,
				`UPDATE licensing.lease SET seated_at = now() WHERE tenant_id = 'demo-1a2b' AND id = 'demo_y'`,
				`UPDATE licensing.lease SET ended_at = now(), end_reason = 'expired' WHERE tenant_id = 'demo-1a2b' AND id = 'demo_y'`,
				`UPDATE licensing.license SET status = 'suspended', updated_at = now() WHERE id = 'short'`,
				`SELECT licensing.scrub('ada', 'infinity', 100)`,
			},
		},
		{
			version: 2,
			undo: []string{
				`DROP FUNCTION licensing.scrub(text, timestamptz, integer)`, `DROP FUNCTION licensing.admit(text, text, text)`, `DROP TRIGGER revise ON licensing.license`, `DROP TRIGGER revise ON licensing.tenant`,
				`DROP FUNCTION licensing.revise()`, `ALTER TABLE licensing.license DROP COLUMN revision`, `ALTER TABLE licensing.tenant DROP COLUMN revision`,
				`ALTER TABLE licensing.audit DROP COLUMN detail`,
				`GRANT EXECUTE ON FUNCTION licensing.guard_seats(text, text, text, integer), licensing.forget(text, timestamptz, integer) TO ` + role,
			},
			asks: []string{
				`SELECT licensing.guard_seats('demo-1a2b', 'demo', 'demo_x', 5)`,
				`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at)
					VALUES ('demo-1a2b', 'demo', 'demo_x', 'floating', 'f', 'ada', '', '', now(), now(), now())`,
				`UPDATE licensing.lease SET ended_at = now(), end_reason = 'released' WHERE id = 'demo_x'`,
				`INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, license_id, lease_id, code) VALUES ('demo-1a2b', 'ada', '', '', 'lease.release', 'demo', 'demo_x', '')`,
				`UPDATE licensing.license SET status = 'suspended', updated_at = now() WHERE id = 'short'`,
				`SELECT licensing.forget('ada', 'infinity', 100)`,
			},
		},
		{
			version: 1,
			undo: []string{
				`DROP FUNCTION licensing.forget(text, timestamptz, integer)`, `DROP INDEX licensing.lease_age`,
				`GRANT EXECUTE ON FUNCTION licensing.erase(text), licensing.pseudonymise(timestamptz) TO ` + role,
			},
			asks: []string{`SELECT licensing.pseudonymise(now() - interval '90 days')`, `SELECT licensing.erase('ada')`},
		},
	}
}

// backTo makes the schema what a program of before made it.
func (w *fixture) backTo(t testing.TB, version int) (program earlier) {
	t.Helper()
	for _, program = range earlierPrograms() {
		w.postgres.Admin(t, program.undo...)
		if program.version == version {
			break
		}
	}
	require.Equal(t, version, program.version)
	w.postgres.Admin(t, fmt.Sprintf(`DELETE FROM licensing.goose_version WHERE version_id > %d`, version))
	return program
}

func TestTheProgramWaitsForItsMigrationAndThoseBeforeGoOnBesideIt(t *testing.T) {
	t.Parallel()
	for _, version := range []int{18, 13, 11, 9, 8, 6, 5, 3, 2, 1} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			api := w.serve(t, nil)
			token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
			lease := api.acquire(t, "demo", token, "laptop").text("leaseId")

			program := w.backTo(t, version)
			next := w.start(t, nil)
			next.awaitUnready(t, w, "run the command migrate")
			w.migrate(t, tenants)
			next.awaitReady(t)
			assert.Equal(t, 200, next.heartbeat(t, token, lease).status, "the lease of before the migration lives")
			assert.Equal(t, 200, next.acquire(t, "demo", token, "laptop").status)

			ctx, before := context.Background(), w.pool(t, apptest.APIRole)
			for _, statement := range program.asks {
				tx, err := before.Begin(ctx)
				require.NoError(t, err)
				_, err = tx.Exec(ctx, `SELECT set_config('licensing.tenant', 'demo-1a2b', true)`)
				require.NoError(t, err)
				_, err = tx.Exec(ctx, statement)
				require.NoError(t, err, statement)
				require.NoError(t, tx.Commit(ctx))
			}
			assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id = 'ada'`))
		})
	}
}

func TestAMigrationThatWasInterruptedIsRunAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	// They outlived everything but their entries; then, for the one that is no transaction,
	// everything but the index.
	w.postgres.Admin(t, `DELETE FROM licensing.goose_version WHERE version_id > 1`)
	w.migrate(t, tenants)
	w.backTo(t, 1)
	w.postgres.Admin(t, `CREATE INDEX lease_age ON licensing.lease (id)`, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'licensing.lease_age'::regclass`)
	w.migrate(t, tenants)
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM pg_index WHERE indexrelid = 'licensing.lease_age'::regclass AND indisvalid AND indnatts = 2`))
}

func TestTheMigrationLetsTheAuditTrailNameWhatIsTouched(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	if !w.postgres.Preload(t, "pgaudit") {
		t.Skip("pgaudit is not installed on this machine: apt-get install postgresql-NN-pgaudit")
	}
	extensions := func() int {
		return w.postgres.Count(t, `SELECT count(*) FROM pg_extension WHERE extname = 'pgaudit'`)
	}
	w.migrate(t, tenants)
	assert.Zero(t, extensions(), "who may not make it migrates without")
	// On Cloud SQL the owner may: it belongs to cloudsqlsuperuser.
	w.postgres.Admin(t, `ALTER ROLE "`+apptest.MigrationRole+`" SUPERUSER`)
	w.migrate(t, tenants)
	assert.Equal(t, 1, extensions())
	w.migrate(t, tenants)
	assert.Equal(t, 1, extensions(), "once is enough")
}
