package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coditect-ai/license-platform/app"
)

const leaseColumns = `tenant_id, license_id, id, kind, fingerprint, user_id, email, address,
	granted_at, seated_at, expires_at, ended_at, coalesce(end_reason, ''), reservation`

func scanLease(row pgx.CollectableRow) (app.Lease, error) {
	var l app.Lease
	var ended *time.Time
	err := row.Scan(&l.Tenant, &l.License, &l.ID, &l.Kind, &l.Fingerprint, &l.User, &l.Email, &l.Address,
		&l.GrantedAt, &l.SeatedAt, &l.ExpiresAt, &ended, &l.Reason, &l.Reservation)
	if ended != nil {
		l.EndedAt = *ended
	}
	return l, err
}

// Lease implements app.Ledger.
func (l *Ledger) Lease(ctx context.Context, tenant, lease string) (app.Lease, error) {
	var found app.Lease
	err := l.read(ctx, "lease", tenant, func(b *pgx.Batch) {
		knownCheck(b, tenant)
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

// Seat implements app.Ledger. The licence's row lock makes who ends leases wait, or waits
// for it.
func (l *Ledger) Seat(ctx context.Context, ref app.LicenseRef, at time.Time) error {
	return l.read(ctx, "seat", ref.Tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`, ref.Tenant, ref.License)
		b.Queue(`INSERT INTO licensing.seating AS s (tenant_id, license_id, at) VALUES ($1, $2, $3)
			ON CONFLICT (tenant_id, license_id) DO UPDATE SET at = greatest(s.at, excluded.at)`, ref.Tenant, ref.License, at)
	})
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

// lockLicenses keeps the licences of leases from being seated meanwhile.
func lockLicenses(b *pgx.Batch, tenant string, endings []app.Ending) {
	if len(endings) == 0 {
		return
	}
	licenses := make([]string, 0, 1)
	for _, e := range endings {
		if license, ok := app.LicenseOfLease(e.Lease); ok && !slices.Contains(licenses, license) {
			licenses = append(licenses, license)
		}
	}
	b.Queue(`SELECT FROM licensing.license WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR SHARE`, tenant, licenses)
}

// queueEndings ends leases, before others are written. Their licences are locked.
func queueEndings(b *pgx.Batch, tenant string, endings []app.Ending, others ...string) {
	if len(endings) == 0 {
		return
	}
	var ids, reasons, actions, users, addresses, requests []string
	var times []time.Time
	var final []bool
	for _, e := range endings {
		ids, times, reasons, final = append(ids, e.Lease), append(times, e.At), append(reasons, string(e.Reason)), append(final, e.Reason.Final())
		actions, users = append(actions, string(actionOf(e.Reason))), append(users, e.By.User)
		addresses, requests = append(addresses, e.By.Address), append(requests, e.By.RequestID)
	}
	// Rows are locked in the order of ids, so that two transactions never wait for
	// each other.
	b.Queue(`SELECT FROM licensing.lease WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`, tenant, slices.Concat(ids, others))
	// It spares a lease that was seated again after its seat was freed, by itself or with
	// all of its licence's, and writes down what it did end: an ending may be sent more
	// than once.
	b.Queue(`WITH ended AS (
			UPDATE licensing.lease l SET ended_at = e.at, end_reason = e.reason
			FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::text[])
				AS e (id, at, reason, final, action, user_id, address, request_id)
			WHERE l.tenant_id = $1 AND l.id = e.id AND (
				l.ended_at IS NULL AND (e.final OR l.seated_at <= e.at AND NOT EXISTS (SELECT FROM licensing.seating s
					WHERE s.tenant_id = $1 AND s.license_id = l.license_id AND s.at > e.at)) OR
				l.ended_at IS NOT NULL AND e.final AND l.end_reason = 'expired')
			RETURNING l.license_id, l.id, e.at, e.action, e.user_id, e.address, e.request_id)
		INSERT INTO licensing.audit (tenant_id, at, user_id, address, request_id, action, license_id, lease_id)
		SELECT $1, at, user_id, address, request_id, action, license_id, id FROM ended ORDER BY at, id`,
		tenant, ids, times, reasons, final, actions, users, addresses, requests)
}

// actionOf is what the audit trail calls an ending.
func actionOf(reason app.Reason) app.Action {
	switch reason {
	case app.ReasonReleased:
		return app.ActionRelease
	case app.ReasonForced:
		return app.ActionForceRelease
	case app.ReasonTaken:
		return app.ActionTake
	case app.ReasonExpired:
		return app.ActionExpire
	}
	return app.ActionCancel
}

// refusal is the SQLSTATE of licensing.admit_holder, whose message is a code.
const refusal = "LS002"

// Grant implements app.Ledger. The lease may exist: extended, borrowed, or revived. An
// open one that is borrowed for longer stays as it is, whichever of two requests comes last.
func (l *Ledger) Grant(ctx context.Context, lease app.Lease, endings []app.Ending, event app.Event) error {
	err := l.statements(ctx, "grant", lease.Tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`, lease.Tenant, lease.License)
		queueEndings(b, lease.Tenant, endings, lease.ID)
		b.Queue(`SELECT licensing.admit_holder($1, $2, $3, $4, $5)`, lease.Tenant, lease.License, lease.ID, lease.User, lease.Reservation)
		// Before the lease, so that it says what the lease was.
		b.Queue(`INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, license_id, lease_id, code, detail)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN EXISTS (SELECT FROM licensing.lease l WHERE l.tenant_id = $1 AND l.id = $10 AND l.ended_at IS NULL)
				THEN '`+app.DetailExtended+`' ELSE $9 END`, append(eventValues(lease.Tenant, event), lease.ID)...)
		b.Queue(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at, reservation)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
			ON CONFLICT (tenant_id, id) DO UPDATE SET
			kind = CASE WHEN lease.kind = 'borrowed' AND lease.ended_at IS NULL AND lease.expires_at >= excluded.expires_at THEN lease.kind ELSE excluded.kind END,
			user_id = excluded.user_id, email = excluded.email, address = excluded.address, fingerprint = excluded.fingerprint,
			granted_at = greatest(lease.granted_at, excluded.granted_at), seated_at = greatest(lease.seated_at, excluded.seated_at),
			expires_at = CASE WHEN lease.ended_at IS NULL AND (lease.kind = 'borrowed' OR excluded.kind = 'floating')
				THEN greatest(lease.expires_at, excluded.expires_at) ELSE excluded.expires_at END, reservation = excluded.reservation,
			erased_at = NULL, ended_at = NULL, end_reason = NULL`,
			lease.Tenant, lease.License, lease.ID, lease.Kind, lease.Fingerprint, lease.User, lease.Email, lease.Address,
			lease.GrantedAt, lease.ExpiresAt, lease.Reservation)
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == refusal {
		return refusalOf(app.Code(refused.Message), err)
	}
	return err
}

// refusalOf says why the ledger did not take a lease.
func refusalOf(code app.Code, cause error) error {
	known := &app.Error{Code: code, Cause: cause}
	switch code {
	case app.CodeNoSeats:
		known.Detail, known.RetryAfter = "all seats of the licence are in use", 5*time.Second
	case app.CodeUserLimit:
		known.Detail = "the user holds all the seats that one user may hold"
	case app.CodeSeatsReserved:
		known.Detail, known.RetryAfter = "the seats that are free are kept for groups that the user is not of", 5*time.Second
	case app.CodeLeaseTaken:
		known.Detail = app.LeaseTaken().Detail
	case app.CodeLeaseEnded:
		known.Detail = "the lease was released or taken away"
	case app.CodeTenantSuspended:
		known.Detail = app.TenantSuspended().Detail
	case app.CodeLicenseSuspended, app.CodeLicenseRevoked, app.CodeLicenseExpired, app.CodeLicenseNotFound:
		known.Detail = "the licence was changed meanwhile and may not be used now"
	default:
		return app.Unavailable("ledger", cause)
	}
	return known
}

// End implements app.Ledger.
func (l *Ledger) End(ctx context.Context, tenant string, endings []app.Ending) error {
	return l.statements(ctx, "end", tenant, func(b *pgx.Batch) {
		lockLicenses(b, tenant, endings)
		queueEndings(b, tenant, endings)
	})
}
