package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coditect-ai/license-platform/app"
)

// Observe is called after every transaction with its name, its duration, and whether it
// failed.
type Observe func(operation string, took time.Duration, err error)

// Ledger implements app.Ledger.
type Ledger struct {
	pool    *pgxpool.Pool
	observe Observe
	writes  writes
}

var _ app.Ledger = (*Ledger)(nil)

// NewLedger returns the ledger on a pool that the caller closes.
func NewLedger(pool *pgxpool.Pool, observe Observe) *Ledger {
	l := &Ledger{pool: pool, observe: observe}
	l.writes = writes{ledger: l, waiting: map[app.LicenseRef][]*write{}}
	return l
}

// timeout bounds every transaction, retries included.
const timeout = 6 * time.Second

// statements is one transaction, sent in one round trip: the tenant's name first,
// then what fill queues. PostgreSQL runs a pipeline without BEGIN as one implicit
// transaction, so all of it happens or nothing does. It is sent once more when the
// database ended it because it and another waited for each other.
func (l *Ledger) statements(ctx context.Context, operation, tenant string, fill func(*pgx.Batch)) error {
	return l.observed(ctx, operation, func(ctx context.Context) error {
		batch := &pgx.Batch{}
		become(batch, tenant)
		fill(batch)
		return l.pool.SendBatch(ctx, batch).Close()
	})
}

// call is one statement that is a transaction of its own. It names its tenant itself.
func (l *Ledger) call(ctx context.Context, operation, query string, arguments ...any) error {
	return l.observed(ctx, operation, func(ctx context.Context) error {
		_, err := l.pool.Exec(ctx, query, arguments...)
		return err
	})
}

// observed runs a transaction, and once more after a deadlock.
func (l *Ledger) observed(ctx context.Context, operation string, transaction func(context.Context) error) error {
	var err error
	for range 2 {
		err = l.once(ctx, operation, transaction)
		var deadlock *pgconn.PgError
		if !errors.As(err, &deadlock) || deadlock.Code != deadlockDetected {
			break
		}
	}
	return err
}

// deadlockDetected is PostgreSQL's SQLSTATE 40P01.
const deadlockDetected = "40P01"

func (l *Ledger) once(ctx context.Context, operation string, transaction func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	err := transaction(ctx)
	l.observe(operation, time.Since(start), failure(err))
	return translate(err)
}

// read is statements for what may be done twice: it is tried once more when the
// connection broke, for a restarted server leaves dead connections in the pool.
func (l *Ledger) read(ctx context.Context, operation, tenant string, fill func(*pgx.Batch)) error {
	err := l.statements(ctx, operation, tenant, fill)
	if app.CodeOf(err) == app.CodeUnavailable && ctx.Err() == nil {
		err = l.statements(ctx, operation, tenant, fill)
	}
	return err
}

// transaction runs work in one transaction of the tenant, for what has to decide
// in between.
func (l *Ledger) transaction(ctx context.Context, operation, tenant string, work func(context.Context, pgx.Tx) error) error {
	return l.once(ctx, operation, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT set_config('licensing.tenant', $1, true)`, tenant); err != nil {
				return err
			}
			return work(ctx, tx)
		})
	})
}

// checked is statements in a transaction that first makes sure of the tenant, by active or
// known, for what would otherwise be written before a refusal is seen.
func (l *Ledger) checked(ctx context.Context, operation, tenant string, check func(pgx.Row) error, fill func(*pgx.Batch)) error {
	return l.transaction(ctx, operation, tenant, func(ctx context.Context, tx pgx.Tx) error {
		if err := check(tx.QueryRow(ctx, selectTenant, tenant)); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		fill(batch)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// failure is err unless it is an answer rather than a fault.
func failure(err error) error {
	var known *app.Error
	if errors.As(err, &known) || errors.Is(err, pgx.ErrNoRows) || unstorable(err) || inUse(err) {
		return nil
	}
	return err
}

// unstorable says that the database refused a value, not the work: SQLSTATE class 22
// (postgresql.org/docs/15/errcodes-appendix.html).
func unstorable(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.HasPrefix(refused.Code, "22")
}

// inUse says that a name which has to be unique is taken.
func inUse(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == uniqueViolation
}

// uniqueViolation is PostgreSQL's SQLSTATE 23505.
const uniqueViolation = "23505"

// translate turns a fault of the database into app's vocabulary.
func translate(err error) error {
	var known *app.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if unstorable(err) {
		return &app.Error{Code: app.CodeValidation, Detail: "a value of the request cannot be stored", Cause: err}
	}
	return app.Unavailable("ledger", err)
}

// Ping reports whether the database answers, takes writes, and has a schema that is recent enough.
func (l *Ledger) Ping(ctx context.Context) error {
	var version int64
	var readOnly bool
	err := l.pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0), current_setting('transaction_read_only') = 'on' FROM licensing.goose_version WHERE is_applied`).Scan(&version, &readOnly)
	if err != nil {
		return app.Unavailable("ledger", err)
	}
	if readOnly {
		return app.Unavailable("ledger", errors.New("the database takes no writes: it is a replica, or was set so"))
	}
	if version < requiredVersion {
		return app.Unavailable("ledger", errors.New("the schema is older than this program needs; run the command migrate"))
	}
	return nil
}
