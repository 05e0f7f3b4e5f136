package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

// Seed is a tenant that is declared by the stack's settings, with its licences.
type Seed struct {
	Tenant   app.Tenant
	Licenses []app.Declared
}

// Upsert writes declared tenants and licences, as the schema's owner. Declared fields of a
// licence are set to the declared values; all other fields, and licences that are not
// declared, stay as administrators set them.
func Upsert(ctx context.Context, o Options, seeds []Seed) (err error) {
	if len(seeds) == 0 {
		return nil
	}
	config, err := poolConfig(o)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to write the declared tenants: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, seed := range seeds {
		if err := upsertTenant(ctx, conn, seed); err != nil {
			return fmt.Errorf("write the declared tenant %q: %w", seed.Tenant.ID, err)
		}
	}
	return nil
}

func upsertTenant(ctx context.Context, conn *pgx.Conn, seed Seed) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('licensing.tenant', $1, true)`, seed.Tenant.ID); err != nil {
			return err
		}
		if err := declareTenant(ctx, tx, seed.Tenant); err != nil {
			return err
		}
		for _, license := range seed.Licenses {
			if err := license.Onto(app.License{}).Validate(); err != nil {
				return fmt.Errorf("licence %q: %w", license.ID, err)
			}
			if err := declareLicense(ctx, tx, seed.Tenant.ID, license); err != nil {
				return fmt.Errorf("licence %q: %w", license.ID, err)
			}
		}
		return nil
	})
}

// declareTenant writes the tenant and, when that changes anything, the audit event.
func declareTenant(ctx context.Context, tx pgx.Tx, tenant app.Tenant) error {
	var before app.Tenant
	err := tx.QueryRow(ctx, `SELECT id, name, status FROM licensing.tenant WHERE id = $1 FOR UPDATE`, tenant.ID).Scan(&before.ID, &before.Name, &before.Status)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if before == tenant {
		return nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO licensing.tenant (id, name, status) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status`, tenant.ID, tenant.Name, tenant.Status)
	if err != nil {
		return err
	}
	detail := "status " + string(tenant.Status)
	if before.ID != "" {
		detail = fmt.Sprintf("name %s -> %s, status %s -> %s", before.Name, tenant.Name, before.Status, tenant.Status)
	}
	_, err = tx.Exec(ctx, insertEvent, eventValues(tenant.ID, app.Event{Action: app.ActionDeclareTenant, Detail: detail})...)
	return err
}

// declareLicense writes the licence and, when that changes anything, the audit event.
func declareLicense(ctx context.Context, tx pgx.Tx, tenant string, declared app.Declared) error {
	rows, err := tx.Query(ctx, `SELECT `+licenseColumns+` FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR UPDATE`, tenant, declared.ID)
	if err != nil {
		return err
	}
	before, err := pgx.CollectExactlyOneRow(rows, scanLicense)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	license := declared.Onto(before)
	license.Tenant = tenant
	changes := app.Changes(before, license)
	if changes == "" {
		return nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds,
		expires_at, max_borrow_seconds, overage, status, metadata, require_fingerprint,
		user_seats, reservations, features, grace_seconds, lease_grace_seconds, when_full, take_idle_seconds)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (tenant_id, id) DO UPDATE SET product = excluded.product, seats = excluded.seats,
		lease_seconds = excluded.lease_seconds, heartbeat_seconds = excluded.heartbeat_seconds, expires_at = excluded.expires_at,
		max_borrow_seconds = excluded.max_borrow_seconds, overage = excluded.overage,
		require_fingerprint = excluded.require_fingerprint, updated_at = now()`, licenseValues(license)...)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertEvent, eventValues(license.Tenant, app.Event{Action: app.ActionDeclareLicense, License: license.ID, Detail: changes})...)
	return err
}
