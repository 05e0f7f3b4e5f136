package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

// Export implements app.Privacy.
func (l *Ledger) Export(ctx context.Context, tenant, user string, event app.Event) (app.PersonalData, error) {
	var data app.PersonalData
	err := l.checked(ctx, "export", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT `+leaseColumns+` FROM licensing.lease WHERE tenant_id = $1 AND ($2 = '' OR user_id = $2) AND erased_at IS NULL ORDER BY id`, tenant, user).
			Query(func(rows pgx.Rows) (err error) {
				data.Leases, err = pgx.CollectRows(rows, scanLease)
				return err
			})
		b.Queue(`SELECT `+eventColumns+` FROM licensing.audit WHERE tenant_id = $1 AND ($2 = '' OR user_id = $2) AND erased_at IS NULL AND user_id <> '' ORDER BY id`, tenant, user).
			Query(func(rows pgx.Rows) (err error) {
				data.Events, err = pgx.CollectRows(rows, scanEvent)
				return err
			})
		appendEvent(b, tenant, event)
	})
	return data, err
}

// Erase implements app.Privacy. The erasure's own event is written afterwards, so
// that it names who asked for it.
func (l *Ledger) Erase(ctx context.Context, tenant, user string, event app.Event) (int64, error) {
	var changed int64
	err := l.checked(ctx, "erase", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT licensing.erase($1)`, user).QueryRow(func(row pgx.Row) error { return row.Scan(&changed) })
		appendEvent(b, tenant, event)
	})
	return changed, err
}

// Pseudonymise implements app.Housekeeping.
func (l *Ledger) Pseudonymise(ctx context.Context, tenant string, before time.Time) (int64, error) {
	var changed int64
	err := l.statements(ctx, "pseudonymise", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT licensing.pseudonymise($1)`, before).QueryRow(func(row pgx.Row) error { return row.Scan(&changed) })
	})
	return changed, err
}

// Tenants implements app.Housekeeping.
func (l *Ledger) Tenants(ctx context.Context) ([]string, error) {
	var ids []string
	err := l.read(ctx, "tenants", "", func(b *pgx.Batch) {
		b.Queue(`SELECT licensing.tenant_ids()`).Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return ids, err
}
