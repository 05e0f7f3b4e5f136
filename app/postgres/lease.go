package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

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
	var found []app.Lease
	err := l.read(ctx, "leases", ref.Tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT `+leaseColumns+` FROM licensing.lease WHERE tenant_id = $1 AND license_id = $2 AND id > $3 AND ended_at IS NULL ORDER BY id LIMIT $4`, ref.Tenant, ref.License, after, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanLease)
				return err
			})
	})
	return found, err
}

// endedColumns are the arguments of licensing.end_leases: a list for each value of an ending.
func endedColumns(endings []app.Ending) []any {
	n := len(endings)
	ids, reasons, actions := make([]string, n), make([]string, n), make([]string, n)
	users, addresses, requests := make([]string, n), make([]string, n), make([]string, n)
	times, final := make([]time.Time, n), make([]bool, n)
	for i, e := range endings {
		ids[i], times[i], reasons[i], final[i] = e.Lease, e.At, string(e.Reason), e.Reason.Final()
		actions[i], users[i], addresses[i], requests[i] = string(actionOf(e.Reason)), e.By.User, e.By.Address, e.By.RequestID
	}
	return []any{ids, times, reasons, final, actions, users, addresses, requests}
}

// licensesOf are the licences that leases belong to.
func licensesOf(endings []app.Ending) []string {
	licenses := make([]string, 0, 1)
	for _, e := range endings {
		if license, ok := app.LicenseOfLease(e.Lease); ok && !slices.Contains(licenses, license) {
			licenses = append(licenses, license)
		}
	}
	return licenses
}

const endLeases = `SELECT licensing.end_leases($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func endArguments(tenant string, endings []app.Ending) []any {
	return append([]any{tenant, licensesOf(endings)}, endedColumns(endings)...)
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

// changed is what licensing.grant_lease returns for a licence of another revision. Everything
// else that it returns is a code.
const changed = "license_changed"

const grantLease = `SELECT licensing.grant_lease($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)`

// Grant implements app.Ledger. The lease may exist: extended, borrowed, or revived. An
// open one that is borrowed for longer stays as it is, whichever of two requests comes last.
func (l *Ledger) Grant(ctx context.Context, lease app.Lease, revision int64, endings []app.Ending, event app.Event) error {
	one := &write{grant: true, lease: lease.ID, query: grantLease, arguments: append([]any{
		lease.Tenant, lease.License, revision, lease.ID,
		lease.Kind, lease.Fingerprint, lease.User, lease.Email, lease.Address, lease.GrantedAt, lease.ExpiresAt, lease.Reservation,
		event.User, event.Address, event.RequestID, event.Action, event.Code, event.Detail, app.DetailExtended,
	}, endedColumns(endings)...)}
	err := l.writes.do(ctx, lease.Ref(), one)
	switch {
	case err != nil || one.refusal == "":
		return err
	case one.refusal == changed:
		return app.ErrChanged
	}
	return refusalOf(app.Code(one.refusal))
}

// refusalOf says why the ledger did not take a lease.
func refusalOf(code app.Code) error {
	known := &app.Error{Code: code}
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
		return app.Unavailable("ledger", fmt.Errorf("grant_lease returned %q: %w", code, errors.ErrUnsupported))
	}
	return known
}

// End implements app.Ledger.
func (l *Ledger) End(ctx context.Context, tenant string, endings []app.Ending) error {
	one := &write{query: endLeases, arguments: endArguments(tenant, endings)}
	for _, e := range endings {
		if one.lease == "" || e.Lease < one.lease {
			one.lease = e.Lease
		}
	}
	licenses := licensesOf(endings)
	if len(licenses) != 1 {
		return l.call(ctx, "end", one.query, one.arguments...)
	}
	return l.writes.do(ctx, app.LicenseRef{Tenant: tenant, License: licenses[0]}, one)
}
