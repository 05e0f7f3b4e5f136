package postgres

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

const insertEvent = `INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, license_id, lease_id, code, detail)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

const eventColumns = `id, at, user_id, address, request_id, action, license_id, lease_id, code, detail`

func eventValues(tenant string, e app.Event) []any {
	return []any{tenant, e.User, e.Address, e.RequestID, e.Action, e.License, e.Lease, e.Code, e.Detail}
}

func appendEvent(b *pgx.Batch, tenant string, e app.Event) {
	b.Queue(insertEvent, eventValues(tenant, e)...)
}

func scanEvent(row pgx.CollectableRow) (app.Event, error) {
	var e app.Event
	err := row.Scan(&e.ID, &e.At, &e.User, &e.Address, &e.RequestID, &e.Action, &e.License, &e.Lease, &e.Code, &e.Detail)
	return e, err
}

// Record implements app.Ledger.
func (l *Ledger) Record(ctx context.Context, tenant string, event app.Event) error {
	return l.statements(ctx, "record", tenant, func(b *pgx.Batch) {
		appendEvent(b, tenant, event)
	})
}

// Events implements app.Catalog.
func (l *Ledger) Events(ctx context.Context, tenant string, before int64, limit int) ([]app.Event, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	var found []app.Event
	err := l.read(ctx, "events", tenant, func(b *pgx.Batch) {
		activeCheck(b, tenant)
		b.Queue(`SELECT `+eventColumns+` FROM licensing.audit WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, tenant, before, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanEvent)
				return err
			})
	})
	return found, err
}
