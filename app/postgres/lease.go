package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

const leaseColumns = `tenant_id, license_id, id, kind, fingerprint, user_id, email, address,
	granted_at, expires_at, ended_at, coalesce(end_reason, '')`

func scanLease(row pgx.CollectableRow) (app.Lease, error) {
	var l app.Lease
	var ended *time.Time
	err := row.Scan(&l.Tenant, &l.License, &l.ID, &l.Kind, &l.Fingerprint, &l.User, &l.Email, &l.Address,
		&l.GrantedAt, &l.ExpiresAt, &ended, &l.Reason)
	if ended != nil {
		l.EndedAt = *ended
	}
	return l, err
}

// Lease implements app.Ledger.
func (l *Ledger) Lease(ctx context.Context, tenant, lease string) (app.Lease, error) {
	var found app.Lease
	err := l.read(ctx, "lease", tenant, func(b *pgx.Batch) {
		tenantCheck(b, tenant)
		b.Queue(`SELECT `+leaseColumns+` FROM licensing.lease WHERE tenant_id = $1 AND id = $2`, tenant, lease).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectExactlyOneRow(rows, scanLease)
				if errors.Is(err, pgx.ErrNoRows) {
					return app.NewError(app.CodeLeaseNotFound, "the tenant has no such lease")
				}
				return err
			})
	})
	return found, err
}

// Open implements app.Ledger. The latest grants come last.
func (l *Ledger) Open(ctx context.Context, ref app.LicenseRef) ([]app.Lease, error) {
	return l.leases(ctx, "open", ref.Tenant, `tenant_id = $1 AND license_id = $2 AND ended_at IS NULL ORDER BY granted_at`, ref.License)
}

// Leases implements app.Catalog.
func (l *Ledger) Leases(ctx context.Context, ref app.LicenseRef, after string, limit int) ([]app.Lease, error) {
	return l.leases(ctx, "leases", ref.Tenant, `tenant_id = $1 AND license_id = $2 AND id > $3 AND ended_at IS NULL ORDER BY id LIMIT $4`, ref.License, after, limit)
}

func (l *Ledger) leases(ctx context.Context, operation, tenant, where string, args ...any) ([]app.Lease, error) {
	var found []app.Lease
	err := l.read(ctx, operation, tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT `+leaseColumns+` FROM licensing.lease WHERE `+where, append([]any{tenant}, args...)...).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanLease)
				return err
			})
	})
	return found, err
}

// endLeases spares a lease that was granted again after its seat was freed.
const endLeases = `UPDATE licensing.lease l SET ended_at = e.at, end_reason = e.reason
	FROM unnest($2::text[], $3::timestamptz[], $4::text[]) AS e (id, at, reason)
	WHERE l.tenant_id = $1 AND l.id = e.id AND l.ended_at IS NULL AND l.granted_at <= e.at`

func queueEndings(b *pgx.Batch, tenant string, endings []app.Ending) {
	if len(endings) == 0 {
		return
	}
	ids, times, reasons := make([]string, len(endings)), make([]time.Time, len(endings)), make([]string, len(endings))
	for i, e := range endings {
		ids[i], times[i], reasons[i] = e.Lease, e.At, string(e.Reason)
	}
	b.Queue(endLeases, tenant, ids, times, reasons)
}

// Grant implements app.Ledger. The lease may exist: extended, borrowed, or revived.
func (l *Ledger) Grant(ctx context.Context, lease app.Lease, endings []app.Ending, event app.Event) error {
	return l.statements(ctx, "grant", lease.Tenant, func(b *pgx.Batch) {
		queueEndings(b, lease.Tenant, endings)
		b.Queue(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (tenant_id, id) DO UPDATE SET kind = excluded.kind, user_id = excluded.user_id, email = excluded.email,
			address = excluded.address, granted_at = excluded.granted_at, expires_at = greatest(lease.expires_at, excluded.expires_at),
			fingerprint = excluded.fingerprint, erased_at = NULL, ended_at = NULL, end_reason = NULL
			WHERE lease.granted_at <= excluded.granted_at`,
			lease.Tenant, lease.License, lease.ID, lease.Kind, lease.Fingerprint, lease.User, lease.Email, lease.Address,
			lease.GrantedAt, lease.ExpiresAt)
		appendEvent(b, lease.Tenant, event)
	})
}

// End implements app.Ledger.
func (l *Ledger) End(ctx context.Context, tenant string, endings []app.Ending, events ...app.Event) error {
	return l.statements(ctx, "end", tenant, func(b *pgx.Batch) {
		queueEndings(b, tenant, endings)
		for _, event := range events {
			appendEvent(b, tenant, event)
		}
	})
}
