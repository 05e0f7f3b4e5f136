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

// Refuse implements app.Reports.
func (l *Ledger) Refuse(ctx context.Context, tenant string, e app.Event) error {
	return l.statements(ctx, "refuse", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT licensing.refuse($1, $2, $3, $4, $5, $6, $7, $8)`, tenant, e.User, e.Address, e.RequestID, e.License, e.Lease, e.Code, e.Detail)
	})
}

// hours counts back from the leases that are open now: the audit trail says which were opened and which
// ended since. Of a lease that is opened twice, or ends twice (a release after its expiry), the second
// does not count. Grants have this server's time, and endings have the time of the live seats' store:
// where its clock is behind, a lease ends when it begins, and not before.
const hours = `WITH seen AS (
		SELECT id, at, lease_id, CASE WHEN action IN ('lease.acquire', 'lease.borrow', 'lease.revive') THEN 1 ELSE -1 END AS step
		FROM licensing.audit WHERE tenant_id = $1 AND license_id = $2 AND action LIKE 'lease.%' AND at >= $3 AND detail <> '` + app.DetailExtended + `' LIMIT $5 + 1),
	steps AS (
		SELECT id, max(at) OVER (PARTITION BY lease_id ORDER BY id) AS at,
			CASE WHEN step = lag(step) OVER (PARTITION BY lease_id ORDER BY id) THEN 0 ELSE step END AS step FROM seen),
	running AS (
		SELECT at, date_trunc('hour', at, 'UTC') AS hour, step, sum(step) OVER (ORDER BY at, id) AS total FROM steps),
	hourly AS (
		SELECT hour, sum(step) AS net, max(total) FILTER (WHERE at < $4) AS top, count(*) FILTER (WHERE step = 1 AND at < $4) AS granted FROM running GROUP BY hour),
	refused AS (
		SELECT date_trunc('hour', a.at, 'UTC') AS hour, sum(coalesce(r.times, 1)) AS times
		FROM licensing.audit a LEFT JOIN licensing.refusal r ON r.tenant_id = $1 AND r.audit_id = a.id
		WHERE a.tenant_id = $1 AND a.action = 'request.refuse' AND a.license_id = $2 AND a.at >= $3 AND a.at < $4 GROUP BY 1),
	base AS (
		SELECT (SELECT count(*) FROM licensing.lease WHERE tenant_id = $1 AND license_id = $2 AND ended_at IS NULL)
			- (SELECT coalesce(sum(net), 0) FROM hourly) AS open)
	SELECT h.hour, (SELECT count(*) FROM seen),
		greatest(0, base.open + greatest(coalesce(sum(hourly.net) OVER (ORDER BY h.hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), hourly.top))::bigint,
		coalesce(hourly.granted, 0), coalesce(refused.times, 0)::bigint
	FROM generate_series($3::timestamptz, $4::timestamptz - interval '1 microsecond', interval '1 hour') AS h (hour)
		CROSS JOIN base LEFT JOIN hourly USING (hour) LEFT JOIN refused USING (hour) ORDER BY h.hour`

// Hours implements app.Reports.
func (l *Ledger) Hours(ctx context.Context, ref app.LicenseRef, period app.Period) ([]app.Hour, error) {
	return l.hoursWithin(ctx, ref, period, app.MaxUsageEvents)
}

// hoursWithin is Hours with another bound of the events that are read.
func (l *Ledger) hoursWithin(ctx context.Context, ref app.LicenseRef, period app.Period, most int) ([]app.Hour, error) {
	var found []app.Hour
	seen := 0
	err := l.read(ctx, "hours", ref.Tenant, func(b *pgx.Batch) {
		activeCheck(b, ref.Tenant)
		b.Queue(hours, ref.Tenant, ref.License, period.From, period.To, most).Query(func(rows pgx.Rows) (err error) {
			found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (h app.Hour, err error) {
				return h, row.Scan(&h.At, &seen, &h.Peak, &h.Granted, &h.Refused)
			})
			return err
		})
	})
	if err == nil && seen > most {
		return nil, &app.Error{
			Code: app.CodeValidation, Detail: "too much has happened since for one report",
			Fields: []app.FieldError{{Field: "query.from", Message: fmt.Sprintf("must be so late that the licence had %d events since at most", most)}},
		}
	}
	return found, err
}

// settled is the time before which all that the service's transactions write is there: a
// row has the time when its transaction began, and is seen when that has ended. It has to be asked
// for before the rows are.
const settled = `SELECT least(now(), min(xact_start)) FROM pg_stat_activity WHERE usename = current_user`

// Denials implements app.Reports. A cursor names no refusal that one which is still being
// written may come before.
func (l *Ledger) Denials(ctx context.Context, tenant, license string, period app.Period, after app.Event, limit int) ([]app.Denial, *app.Event, error) {
	for try := range settles {
		if err := wait(ctx, time.Duration(try)*settling); err != nil {
			return nil, nil, app.Unavailable("ledger", err)
		}
		found, horizon, err := l.denials(ctx, tenant, license, period, after, limit)
		if err != nil || len(found) < limit {
			return found, nil, err
		}
		found = slices.DeleteFunc(found, func(d app.Denial) bool { return !d.At.Before(horizon) })
		if len(found) > 0 {
			return found, &found[len(found)-1].Event, nil
		}
	}
	return nil, nil, app.Unavailable("ledger", errors.New("refusals of this time are still being written"))
}

// A page that has nothing settled yet is asked for again, settles times in some seconds: longer than
// a transaction takes that writes a refusal.
const (
	settles  = 10
	settling = 150 * time.Millisecond
)

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// denials returns a page, and up to when all is settled.
func (l *Ledger) denials(ctx context.Context, tenant, license string, period app.Period, after app.Event, limit int) (found []app.Denial, horizon time.Time, err error) {
	err = l.read(ctx, "denials", tenant, func(b *pgx.Batch) {
		activeCheck(b, tenant)
		b.Queue(settled).QueryRow(func(row pgx.Row) error { return row.Scan(&horizon) })
		b.Queue(`SELECT a.id, a.at, a.user_id, a.address, a.request_id, a.action, a.license_id, a.lease_id, a.code, a.detail, coalesce(r.times, 1), coalesce(r.last_at, a.at)
			FROM licensing.audit a LEFT JOIN licensing.refusal r ON r.tenant_id = $1 AND r.audit_id = a.id
			WHERE a.tenant_id = $1 AND a.action = 'request.refuse' AND a.at >= $2 AND a.at < $3 AND (a.at, a.id) > ($4, $5) AND ($6 = '' OR a.license_id = $6)
			ORDER BY a.at, a.id LIMIT $7`, tenant, period.From, period.To, after.At, after.ID, license, limit).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d app.Denial, err error) {
					return d, row.Scan(&d.ID, &d.At, &d.User, &d.Address, &d.RequestID, &d.Action, &d.License, &d.Lease, &d.Code, &d.Detail, &d.Times, &d.LastAt)
				})
				return err
			})
	})
	return found, horizon, err
}
