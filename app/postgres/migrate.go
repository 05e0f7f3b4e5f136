package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// requiredVersion is the oldest schema that this program works with. A migration
// that only adds things leaves it alone, so that the old and the new program both
// run while one replaces the other.
const requiredVersion = 19

// insufficientPrivilege is PostgreSQL's code for what a role may not do
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const insufficientPrivilege = "42501"

// Migrate brings the schema up to date, one process at a time (an advisory lock),
// and gives the application's role its rights. It connects as the schema's owner.
func Migrate(ctx context.Context, o Options, apiRole string, log *slog.Logger) error {
	config, err := poolConfig(o)
	if err != nil {
		return err
	}
	// A migration may take its time.
	config.ConnConfig.RuntimeParams = map[string]string{"application_name": "license-migrate", "lock_timeout": "30000"}
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open the database pool: %w", err)
	}
	defer pool.Close()
	if err := waitFor(ctx, pool, log); err != nil {
		return err
	}
	if err := createSchema(ctx, pool); err != nil {
		return err
	}
	if err := nameObjects(ctx, pool, log); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	if err := apply(ctx, db, log); err != nil {
		return err
	}
	if apiRole == "" {
		return nil
	}
	return grant(ctx, pool, apiRole)
}

// createSchema makes the schema where goose keeps its table too. Asking first
// spares the right to create schemas once it exists.
func createSchema(ctx context.Context, pool *pgxpool.Pool) error {
	var exists bool
	if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'licensing')`).Scan(&exists); err != nil {
		return fmt.Errorf("look for the schema licensing: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := pool.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS licensing`); err != nil {
		return fmt.Errorf("create the schema licensing: %w", err)
	}
	return nil
}

// nameObjects makes the extension pgaudit where the server has loaded its library:
// without it, the audit trail has statements, but not the type and the name of what
// they touch (https://cloud.google.com/sql/docs/postgres/pg-audit). On Cloud SQL the
// owner may make it; elsewhere that takes a superuser, and its absence stops no
// migration.
func nameObjects(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	var wanted bool
	const query = `SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'pgaudit.log') AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgaudit')`
	if err := pool.QueryRow(ctx, query).Scan(&wanted); err != nil {
		return fmt.Errorf("look for the extension pgaudit: %w", err)
	}
	if !wanted {
		return nil
	}
	_, err := pool.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS pgaudit`)
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == insufficientPrivilege {
		log.WarnContext(ctx, "the audit trail names no objects: only a superuser may run CREATE EXTENSION pgaudit here")
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the extension pgaudit: %w", err)
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("prepare the migration lock: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open the embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("licensing.goose_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		log.InfoContext(ctx, "migration applied", "version", r.Source.Version, "took", r.Duration.String())
	}
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// waitFor gives a database that is still starting half a minute.
func waitFor(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := pool.Ping(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the database does not answer: %w", errors.Join(err, ctx.Err()))
		}
		log.InfoContext(ctx, "waiting for the database", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// grant gives the application's role exactly what it needs, as often as asked.
func grant(ctx context.Context, pool *pgxpool.Pool, role string) error {
	name := pgx.Identifier{role}.Sanitize()
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var exists, powerful, cloud bool
		const query = `SELECT true, rolsuper OR rolbypassrls,
			EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = 'cloudsqlsuperuser' AND m.member = r.oid)
			FROM pg_roles r WHERE rolname = $1`
		err := tx.QueryRow(ctx, query, role).Scan(&exists, &powerful, &cloud)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("the application's database role %q (API_DATABASE_USER) does not exist; create the user first", role)
		}
		if err != nil {
			return fmt.Errorf("look up the role %q: %w", role, err)
		}
		if powerful {
			return fmt.Errorf("the application's database role %q is a superuser or has BYPASSRLS, which would undo tenant isolation; take that right away", role)
		}
		statements := []string{
			`GRANT USAGE ON SCHEMA licensing TO ` + name,
			`GRANT SELECT ON licensing.tenant, licensing.goose_version TO ` + name,
			`GRANT SELECT, INSERT, UPDATE ON licensing.license, licensing.lease TO ` + name,
			`REVOKE UPDATE, DELETE, TRUNCATE ON licensing.audit FROM ` + name,
			`GRANT SELECT, INSERT ON licensing.audit TO ` + name,
			`GRANT SELECT, INSERT, UPDATE ON licensing.seating TO ` + name,
			`GRANT SELECT, INSERT, DELETE, UPDATE (revoked_at, last_used_at) ON licensing.credential TO ` + name,
			`GRANT SELECT, INSERT, UPDATE (times, last_at) ON licensing.refusal TO ` + name,
			`GRANT EXECUTE ON FUNCTION licensing.tenant_ids(), licensing.refuse(text, text, text, text, text, text, text, text), licensing.scrub(text, timestamptz, integer), licensing.admit(text, text, text),
				licensing.admit_holder(text, text, text, text, text),
				licensing.grant_lease(text, text, bigint, text, text, text, text, text, text, timestamptz, timestamptz, text,
					text, text, text, text, text, text, text, text[], timestamptz[], text[], boolean[], text[], text[], text[], text[]),
				licensing.end_leases(text, text[], text[], timestamptz[], text[], boolean[], text[], text[], text[], text[]),
				licensing.changes(bigint, text, text, integer), licensing.open_leases(text, text, text, integer, integer),
				licensing.aged(timestamptz, text, integer) TO ` + name,
		}
		// Cloud SQL makes every built-in user a member of this role, which may change
		// the memberships of others.
		if cloud {
			statements = append([]string{`REVOKE cloudsqlsuperuser FROM ` + name}, statements...)
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}
