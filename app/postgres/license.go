package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

// licenseColumns end with the revision of the licence and its tenant together.
const licenseColumns = `tenant_id, id, product, seats, lease_seconds, heartbeat_seconds,
	expires_at, max_borrow_seconds, overage, require_fingerprint, status, metadata, created_at, updated_at,
	user_seats, reservations, features, grace_seconds, lease_grace_seconds, when_full, take_idle_seconds, promised_until,
	revision + (SELECT t.revision FROM licensing.tenant t WHERE t.id = tenant_id)`

// suspendedColumn says whether the licence's tenant is suspended.
const suspendedColumn = `(SELECT t.status = 'suspended' FROM licensing.tenant t WHERE t.id = tenant_id)`

func scanLicense(row pgx.CollectableRow) (app.License, error) { return scanLicenseAnd(row) }

// scanStanding is scanLicense for rows that end with suspendedColumn.
func scanStanding(row pgx.CollectableRow) (app.License, error) {
	var suspended bool
	l, err := scanLicenseAnd(row, &suspended)
	if suspended {
		l.Status = app.StatusTenantSuspended
	}
	return l, err
}

func scanLicenseAnd(row pgx.CollectableRow, more ...any) (app.License, error) {
	var l app.License
	var lease, heartbeat, borrow, grace, leaseGrace, takeIdle int64
	var expires, promised *time.Time
	err := row.Scan(append([]any{
		&l.Tenant, &l.ID, &l.Product, &l.Seats, &lease, &heartbeat,
		&expires, &borrow, &l.Overage, &l.RequireFingerprint, &l.Status, &l.Metadata, &l.CreatedAt, &l.UpdatedAt,
		&l.UserSeats, &l.Reservations, &l.Features, &grace, &leaseGrace, &l.WhenFull, &takeIdle, &promised, &l.Revision,
	}, more...)...)
	l.LeaseTTL, l.HeartbeatInterval = time.Duration(lease)*time.Second, time.Duration(heartbeat)*time.Second
	l.MaxBorrow, l.Grace = time.Duration(borrow)*time.Second, time.Duration(grace)*time.Second
	l.LeaseGrace, l.TakeIdle = time.Duration(leaseGrace)*time.Second, time.Duration(takeIdle)*time.Second
	if len(l.Reservations) == 0 {
		l.Reservations = nil
	}
	if len(l.Features) == 0 {
		l.Features = nil
	}
	if expires != nil {
		l.ExpiresAt = *expires
	}
	if promised != nil {
		l.PromisedUntil = *promised
	}
	return l, err
}

// licenseValues are the columns that can change, in the order of updates.
func licenseValues(l app.License) []any {
	var expires *time.Time
	if !l.ExpiresAt.IsZero() {
		expires = &l.ExpiresAt
	}
	metadata := l.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	return []any{
		l.Tenant, l.ID, l.Product, l.Seats, int64(l.LeaseTTL / time.Second), int64(l.HeartbeatInterval / time.Second),
		expires, int64(l.MaxBorrow / time.Second), l.Overage, l.Status, metadata, l.RequireFingerprint,
		l.UserSeats, append([]app.GroupSeats{}, l.Reservations...), append([]string{}, l.Features...),
		int64(l.Grace / time.Second), int64(l.LeaseGrace / time.Second), l.WhenFull, int64(l.TakeIdle / time.Second),
	}
}

const selectTenant = `SELECT status FROM licensing.tenant WHERE id = $1`

// activeCheck queues the check that the tenant exists and is active.
func activeCheck(batch *pgx.Batch, tenant string) {
	batch.Queue(selectTenant, tenant).QueryRow(active)
}

// knownCheck queues the check that the tenant exists.
func knownCheck(batch *pgx.Batch, tenant string) {
	batch.Queue(selectTenant, tenant).QueryRow(known)
}

func known(row pgx.Row) error {
	_, err := tenantStatus(row)
	return err
}

func active(row pgx.Row) error {
	status, err := tenantStatus(row)
	if err == nil && status != app.StatusActive {
		err = app.TenantSuspended()
	}
	return err
}

func tenantStatus(row pgx.Row) (status app.Status, err error) {
	err = row.Scan(&status)
	if errors.Is(err, pgx.ErrNoRows) {
		err = app.NewError(app.CodeUnknownTenant, "the token's tenant is not known here")
	}
	return status, err
}

// Active implements app.Ledger.
func (l *Ledger) Active(ctx context.Context, tenant string) error {
	return l.read(ctx, "active", tenant, func(b *pgx.Batch) { activeCheck(b, tenant) })
}

func licenseNotFound() error {
	return app.NewError(app.CodeLicenseNotFound, "the tenant has no such licence")
}

// License implements app.Ledger.
func (l *Ledger) License(ctx context.Context, ref app.LicenseRef) (app.License, error) {
	var found app.License
	err := l.read(ctx, "license", ref.Tenant, func(b *pgx.Batch) {
		var status app.Status
		b.Queue(selectTenant, ref.Tenant).QueryRow(func(row pgx.Row) (err error) {
			status, err = tenantStatus(row)
			return err
		})
		b.Queue(`SELECT `+licenseColumns+`, `+suspendedColumn+` FROM licensing.license WHERE tenant_id = $1 AND id = $2`, ref.Tenant, ref.License).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectExactlyOneRow(rows, scanStanding)
				switch {
				case errors.Is(err, pgx.ErrNoRows) && status == app.StatusSuspended:
					return app.TenantSuspended()
				case errors.Is(err, pgx.ErrNoRows):
					return licenseNotFound()
				}
				return err
			})
	})
	return found, err
}

// CreateLicense implements app.Catalog.
func (l *Ledger) CreateLicense(ctx context.Context, license app.License, event app.Event) (app.License, error) {
	var created app.License
	err := l.checked(ctx, "create_license", license.Tenant, active, func(b *pgx.Batch) {
		b.Queue(`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds,
			expires_at, max_borrow_seconds, overage, status, metadata, require_fingerprint,
			user_seats, reservations, features, grace_seconds, lease_grace_seconds, when_full, take_idle_seconds)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
			WHERE (SELECT count(*) FROM licensing.license WHERE tenant_id = $1) < $20 RETURNING `+licenseColumns, append(licenseValues(license), app.MaxLicenses)...).
			Query(func(rows pgx.Rows) (err error) {
				created, err = pgx.CollectExactlyOneRow(rows, scanLicense)
				if errors.Is(err, pgx.ErrNoRows) {
					return app.NewError(app.CodeLicenseLimit, fmt.Sprintf("the tenant has %d licences, and may have no more", app.MaxLicenses))
				}
				return err
			})
		appendEvent(b, license.Tenant, event)
	})
	if inUse(err) {
		return app.License{}, app.NewError(app.CodeLicenseExists, "the tenant has a licence with this id already")
	}
	return created, err
}

// UpdateLicense implements app.Catalog.
func (l *Ledger) UpdateLicense(ctx context.Context, ref app.LicenseRef, change func(*app.License) (app.Event, error)) (app.License, error) {
	var updated app.License
	err := l.transaction(ctx, "update_license", ref.Tenant, func(ctx context.Context, tx pgx.Tx) error {
		if err := active(tx.QueryRow(ctx, selectTenant, ref.Tenant)); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT `+licenseColumns+` FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR UPDATE`, ref.Tenant, ref.License)
		if err != nil {
			return err
		}
		license, err := pgx.CollectExactlyOneRow(rows, scanLicense)
		if errors.Is(err, pgx.ErrNoRows) {
			return licenseNotFound()
		}
		if err != nil {
			return err
		}
		event, err := change(&license)
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `UPDATE licensing.license SET product = $3, seats = $4, lease_seconds = $5,
			heartbeat_seconds = $6, expires_at = $7, max_borrow_seconds = $8, overage = $9, status = $10, metadata = $11, require_fingerprint = $12,
			user_seats = $13, reservations = $14, features = $15, grace_seconds = $16, lease_grace_seconds = $17, when_full = $18, take_idle_seconds = $19,
			updated_at = now() WHERE tenant_id = $1 AND id = $2 RETURNING `+licenseColumns+`, `+suspendedColumn, licenseValues(license)...)
		if err != nil {
			return err
		}
		if updated, err = pgx.CollectExactlyOneRow(rows, scanStanding); err != nil {
			return err
		}
		// It was suspended since it was asked about.
		if updated.Status == app.StatusTenantSuspended {
			return app.TenantSuspended()
		}
		_, err = tx.Exec(ctx, insertEvent, eventValues(ref.Tenant, event)...)
		return err
	})
	return updated, err
}

// Licenses implements app.Catalog.
func (l *Ledger) Licenses(ctx context.Context, tenant, after string, limit int) ([]app.License, error) {
	var found []app.License
	err := l.read(ctx, "licenses", tenant, func(b *pgx.Batch) {
		activeCheck(b, tenant)
		b.Queue(`SELECT `+licenseColumns+` FROM licensing.license WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3`, tenant, after, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanLicense)
				return err
			})
	})
	return found, err
}
