package postgres

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

// visits is how many tenants one call looks into, at most: some tens of milliseconds' work.
const visits = 500

// Mark implements app.Housekeeping. Whatever is not committed yet has this transaction's
// number or a later one (postgresql.org/docs/16/functions-info.html, pg_snapshot_xmin).
func (l *Ledger) Mark(ctx context.Context) (int64, error) {
	var mark int64
	err := l.read(ctx, "mark", "", func(b *pgx.Batch) {
		b.Queue(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint`).QueryRow(func(row pgx.Row) error { return row.Scan(&mark) })
	})
	return mark, err
}

// Changed implements app.Housekeeping.
func (l *Ledger) Changed(ctx context.Context, since int64, after app.LicenseRef, limit int) ([]app.LicenseRef, error) {
	var found []app.LicenseRef
	err := l.read(ctx, "changed", "", func(b *pgx.Batch) {
		b.Queue(`SELECT tenant, license FROM licensing.changes($1, $2, $3, $4)`, since, after.Tenant, after.License, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[app.LicenseRef])
				return err
			})
	})
	return found, err
}

const selectStanding = `SELECT ` + licenseColumns + `, ` + suspendedColumn + ` FROM licensing.license WHERE tenant_id = $1 AND `

// Standing implements app.Housekeeping. One transaction names one tenant after the other.
func (l *Ledger) Standing(ctx context.Context, refs []app.LicenseRef) ([]app.License, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	var found []app.License
	err := l.read(ctx, "standing", "", func(b *pgx.Batch) {
		found = found[:0]
		for tenant, licenses := range byTenant(refs) {
			become(b, tenant)
			b.Queue(selectStanding+`id = ANY($2)`, tenant, licenses).Query(func(rows pgx.Rows) error {
				some, err := pgx.CollectRows(rows, scanStanding)
				found = append(found, some...)
				return err
			})
		}
	})
	return found, err
}

// All implements app.Housekeeping.
func (l *Ledger) All(ctx context.Context, tenant, after string, limit int) ([]app.License, error) {
	var found []app.License
	err := l.read(ctx, "all", tenant, func(b *pgx.Batch) {
		b.Queue(selectStanding+`id > $2 ORDER BY id LIMIT $3`, tenant, after, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanStanding)
				return err
			})
	})
	return found, err
}

// OpenLeases implements app.Housekeeping.
func (l *Ledger) OpenLeases(ctx context.Context, after app.OpenLease, limit int) ([]app.OpenLease, *app.OpenLease, error) {
	var found []app.OpenLease
	err := l.read(ctx, "open_leases", "", func(b *pgx.Batch) {
		b.Queue(`SELECT tenant, license, lease, seated, revision FROM licensing.open_leases($1, $2, $3, $4, $5)`, after.Tenant, after.License, after.ID, limit, visits).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[app.OpenLease])
				return err
			})
	})
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	last := found[len(found)-1]
	switch {
	case last.ID == "":
		return found[:len(found)-1], &last, nil
	case len(found) < limit:
		return found, nil, nil
	}
	return found, &last, nil
}

// EndAll implements app.Housekeeping. One call is for all of a tenant's leases, which it locks in the
// order that everybody locks them in: that of the database's collation, which need not be that of bytes.
func (l *Ledger) EndAll(ctx context.Context, all []app.Settlement) error {
	endings := map[string][]app.Ending{}
	for _, s := range all {
		endings[s.Ref.Tenant] = append(endings[s.Ref.Tenant], s.Endings...)
	}
	return l.statements(ctx, "end_all", "", func(b *pgx.Batch) {
		for _, tenant := range slices.Sorted(maps.Keys(endings)) {
			b.Queue(endLeases, endArguments(tenant, endings[tenant])...)
		}
	})
}

// Aged implements app.Housekeeping.
func (l *Ledger) Aged(ctx context.Context, before time.Time, after string) (tenants []string, next string, err error) {
	visited := 0
	err = l.read(ctx, "aged", "", func(b *pgx.Batch) {
		b.Queue(`SELECT tenant, old FROM licensing.aged($1, $2, $3)`, before, after, visits).Query(func(rows pgx.Rows) error {
			tenants, visited = nil, 0
			var found bool
			_, err := pgx.ForEachRow(rows, []any{&next, &found}, func() error {
				visited++
				if found {
					tenants = append(tenants, next)
				}
				return nil
			})
			return err
		})
	})
	if visited < visits {
		next = ""
	}
	return tenants, next, err
}

// become names the tenant that the statements after it are for.
func become(b *pgx.Batch, tenant string) {
	b.Queue(`SELECT set_config('licensing.tenant', $1, true)`, tenant)
}

// planAnew makes PostgreSQL plan the following statements for their actual parameters: a plan that is
// made once for tenants of every size may walk the rows of all of them, in the order that is asked for.
// (postgresql.org/docs/15/runtime-config-query.html, plan_cache_mode)
func planAnew(b *pgx.Batch) {
	b.Queue(`SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`)
}

// byTenant sorts licences.
func byTenant(refs []app.LicenseRef) map[string][]string {
	sorted := map[string][]string{}
	for _, ref := range refs {
		sorted[ref.Tenant] = append(sorted[ref.Tenant], ref.License)
	}
	return sorted
}
