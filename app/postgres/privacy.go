package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/coditect-ai/license-platform/app"
)

// OpenOf implements app.Privacy.
func (l *Ledger) OpenOf(ctx context.Context, tenant, user, after string, limit int) ([]string, error) {
	license, _ := app.LicenseOfLease(after)
	query, arguments := `SELECT id FROM licensing.lease WHERE tenant_id = $1 AND ended_at IS NULL AND (license_id, id) > ($2, $3)`, []any{tenant, license, after, limit}
	// One statement for both would be planned for all users.
	if user != "" {
		query, arguments = query+` AND user_id = $5`, append(arguments, user)
	}
	query += ` ORDER BY license_id, id LIMIT $4`
	var ids []string
	err := l.read(ctx, "open_of", tenant, func(b *pgx.Batch) {
		b.Queue(query, arguments...).Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return ids, err
}

// Export implements app.Privacy.
func (l *Ledger) Export(ctx context.Context, tenant, user string, after app.Place, limit int, event app.Event) (app.PersonalData, error) {
	var data app.PersonalData
	err := l.checked(ctx, "export", tenant, known, func(b *pgx.Batch) {
		planAnew(b)
		b.Queue(`SELECT `+leaseColumns+` FROM licensing.lease WHERE tenant_id = $1 AND ($2 = '' OR user_id = $2) AND erased_at IS NULL AND id > $3 ORDER BY id LIMIT $4`, tenant, user, after.Lease, limit).
			Query(func(rows pgx.Rows) (err error) {
				data.Leases, err = pgx.CollectRows(rows, scanLease)
				return err
			})
		b.Queue(`SELECT `+eventColumns+` FROM licensing.audit WHERE tenant_id = $1 AND ($2 = '' OR user_id = $2) AND erased_at IS NULL AND user_id <> '' AND id > $3 ORDER BY id LIMIT $4`, tenant, user, after.Event, limit).
			Query(func(rows pgx.Rows) (err error) {
				data.Events, err = pgx.CollectRows(rows, scanEvent)
				return err
			})
		appendEvent(b, tenant, event)
	})
	return data, err
}

// step is how many leases, and how many events, one transaction forgets: some tenths of
// a second's work.
const step = 5000

func queueScrub(b *pgx.Batch, user string, before pgtype.Timestamptz, changed *int64) {
	b.Queue(`SELECT licensing.scrub($1, $2, $3)`, user, before, step).QueryRow(func(row pgx.Row) error { return row.Scan(changed) })
}

// Erase implements app.Privacy. The erasure's own event is written afterwards, so
// that it names who asked for it.
func (l *Ledger) Erase(ctx context.Context, tenant, user string, event app.Event) (int64, error) {
	ofAnyAge := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	changed, err := repeated(func(changed *int64) error {
		return l.checked(ctx, "erase", tenant, known, func(b *pgx.Batch) { queueScrub(b, user, ofAnyAge, changed) })
	})
	if err != nil {
		return changed, err
	}
	return changed, l.Record(ctx, tenant, event)
}

// OpenErased implements app.Privacy. The order is that of the index of open leases: in that of ids
// it could read all that the tenant ever had, nearly all of which are over and erased.
func (l *Ledger) OpenErased(ctx context.Context, tenant string) ([]string, error) {
	var ids []string
	err := l.read(ctx, "open_erased", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT id FROM licensing.lease WHERE tenant_id = $1 AND ended_at IS NULL AND erased_at IS NOT NULL ORDER BY license_id, id LIMIT 1000`, tenant).
			Query(func(rows pgx.Rows) (err error) {
				ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
	})
	return ids, err
}

// Pseudonymise implements app.Housekeeping.
func (l *Ledger) Pseudonymise(ctx context.Context, tenant string, before time.Time) (changed int64, err error) {
	err = l.statements(ctx, "pseudonymise", tenant, func(b *pgx.Batch) {
		queueScrub(b, "", pgtype.Timestamptz{Time: before, Valid: true}, &changed)
	})
	return changed, err
}

// repeated does something again and again until it changes nothing, and returns how
// much all of them changed.
func repeated(once func(changed *int64) error) (total int64, err error) {
	for {
		var changed int64
		if err := once(&changed); err != nil || changed == 0 {
			return total, err
		}
		total += changed
	}
}
