package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coditect-ai/license-platform/app"
)

const leaseColumns = `tenant_id, license_id, id, kind, fingerprint, user_id, email, address,
	granted_at, seated_at, expires_at, ended_at, coalesce(end_reason, '')`

func scanLease(row pgx.CollectableRow) (app.Lease, error) {
	var l app.Lease
	var ended *time.Time
	err := row.Scan(&l.Tenant, &l.License, &l.ID, &l.Kind, &l.Fingerprint, &l.User, &l.Email, &l.Address,
		&l.GrantedAt, &l.SeatedAt, &l.ExpiresAt, &ended, &l.Reason)
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

// Open implements app.Ledger.
func (l *Ledger) Open(ctx context.Context, ref app.LicenseRef) ([]app.Lease, error) {
	return l.leases(ctx, "open", ref.Tenant, `tenant_id = $1 AND license_id = $2 AND ended_at IS NULL ORDER BY granted_at`, ref.License)
}

// Seat implements app.Ledger.
func (l *Ledger) Seat(ctx context.Context, ref app.LicenseRef, at time.Time) ([]app.Lease, error) {
	var found []app.Lease
	err := l.read(ctx, "seat", ref.Tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT FROM licensing.lease WHERE tenant_id = $1 AND license_id = $2 AND ended_at IS NULL ORDER BY id FOR UPDATE`, ref.Tenant, ref.License)
		b.Queue(`UPDATE licensing.lease SET seated_at = $3 WHERE tenant_id = $1 AND license_id = $2 AND ended_at IS NULL RETURNING `+leaseColumns, ref.Tenant, ref.License, at).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanLease)
				return err
			})
	})
	slices.SortFunc(found, func(a, b app.Lease) int { return a.GrantedAt.Compare(b.GrantedAt) })
	return found, err
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

// endLeases spares a lease that was seated again after its seat was freed.
const endLeases = `UPDATE licensing.lease l SET ended_at = e.at, end_reason = e.reason
	FROM unnest($2::text[], $3::timestamptz[], $4::text[]) AS e (id, at, reason)
	WHERE l.tenant_id = $1 AND l.id = e.id AND l.ended_at IS NULL AND l.seated_at <= e.at`

func queueEndings(b *pgx.Batch, tenant string, endings []app.Ending) {
	if len(endings) == 0 {
		return
	}
	// Rows are locked in the order of ids, so that two transactions never wait for
	// each other.
	endings = slices.SortedFunc(slices.Values(endings), func(a, b app.Ending) int { return strings.Compare(a.Lease, b.Lease) })
	ids, times, reasons := make([]string, len(endings)), make([]time.Time, len(endings)), make([]string, len(endings))
	for i, e := range endings {
		ids[i], times[i], reasons[i] = e.Lease, e.At, string(e.Reason)
	}
	b.Queue(`SELECT FROM licensing.lease WHERE tenant_id = $1 AND id = ANY($2) AND ended_at IS NULL ORDER BY id FOR UPDATE`, tenant, ids)
	b.Queue(endLeases, tenant, ids, times, reasons)
}

// noSeat is the SQLSTATE of licensing.guard_seats.
const noSeat = "LS001"

// Grant implements app.Ledger. The lease may exist: extended, borrowed, or revived.
func (l *Ledger) Grant(ctx context.Context, lease app.Lease, most int, endings []app.Ending, event app.Event) error {
	err := l.statements(ctx, "grant", lease.Tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`, lease.Tenant, lease.License)
		queueEndings(b, lease.Tenant, endings)
		b.Queue(`SELECT licensing.guard_seats($1, $2, $3, $4)`, lease.Tenant, lease.License, lease.ID, most)
		b.Queue(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
			ON CONFLICT (tenant_id, id) DO UPDATE SET kind = excluded.kind, user_id = excluded.user_id, email = excluded.email,
			address = excluded.address, granted_at = excluded.granted_at, seated_at = excluded.seated_at, expires_at = greatest(lease.expires_at, excluded.expires_at),
			fingerprint = excluded.fingerprint, erased_at = NULL, ended_at = NULL, end_reason = NULL
			WHERE lease.ended_at IS NOT NULL OR lease.seated_at <= excluded.seated_at`,
			lease.Tenant, lease.License, lease.ID, lease.Kind, lease.Fingerprint, lease.User, lease.Email, lease.Address,
			lease.GrantedAt, lease.ExpiresAt)
		appendEvent(b, lease.Tenant, event)
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == noSeat {
		return &app.Error{
			Code: app.CodeNoSeats, Detail: "all seats of the licence are in use", RetryAfter: 5 * time.Second,
			Exhausted: &app.Exhausted{Seats: most, InUse: most}, Cause: err,
		}
	}
	return err
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
