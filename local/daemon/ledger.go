package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coditect-ai/license-platform/app"
	ledger "github.com/coditect-ai/license-platform/app/postgres"
	live "github.com/coditect-ai/license-platform/app/redis"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// Bounds of what the console reads of the stores.
const (
	maxTenants  = 50
	maxLicenses = 100
	maxEvents   = 200 // of each tenant, at once
)

// redisTimeout limits how long the console waits for Redis, so that there is time to show
// the licences without it.
const redisTimeout = time.Second

// Reasons why the stores tell nothing. What a driver says may name accounts and is
// kept to the log.
var (
	errNoLedger = errors.New("no database is declared yet: make up")
	errNoAnswer = errors.New("PostgreSQL does not answer")
)

// readLedger reads the API's ledger, with the names of its tenants. It does not go through
// the API, so that nobody's requests, limits and alerts are touched.
func (d *Daemon) readLedger(ctx context.Context, work func(context.Context, *ledger.Ledger, []tenant) error) error {
	if d.faults.has(fault.Postgres) {
		return errors.New("PostgreSQL is made to fail: go run ./local heal postgres")
	}
	for _, r := range d.store.List(gcp.TypeDatabase) {
		if r.URN == "" {
			continue // the IDE's
		}
		outputs := provider.Properties(r.Outputs)
		server, err := d.databases.server(outputs.Text("instance"))
		if err != nil {
			return errNoAnswer
		}
		err = server.ReadOnly(ctx, outputs.Text("name"), func(pool *pgxpool.Pool) error {
			tenants, err := d.tenantsOf(ctx, pool)
			if err != nil {
				return err
			}
			return work(ctx, ledger.NewLedger(pool, func(string, time.Duration, error) {}), tenants)
		})
		if err != nil {
			d.log.Debug("the console cannot read the ledger", "error", err)
			return errNoAnswer
		}
		return nil
	}
	return errNoLedger
}

// tenant is a tenant of the API's, with the name that its customer has.
type tenant struct{ id, name string }

func (d *Daemon) tenantsOf(ctx context.Context, pool *pgxpool.Pool) ([]tenant, error) {
	rows, err := pool.Query(ctx, "SELECT tenant FROM licensing.tenant_ids() AS tenant LIMIT $1", maxTenants)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	if known, err := d.issuer.Tenants(); err == nil {
		for _, t := range known {
			names[t.ID] = t.DisplayName
		}
	}
	all := make([]tenant, 0, len(ids))
	for _, id := range ids {
		t := tenant{id, id}
		if names[id] != "" {
			t.name = names[id]
		}
		all = append(all, t)
	}
	return all, nil
}

// Seats implements page.Cloud.
func (w consoleData) Seats(ctx context.Context) page.Seats {
	d, s := w.daemon, page.Seats{Licenses: []page.License{}}
	count, end := d.counter()
	defer end()
	err := d.readLedger(ctx, func(ctx context.Context, l *ledger.Ledger, tenants []tenant) error {
		for _, t := range tenants {
			licenses, err := l.Licenses(ctx, t.id, "", maxLicenses)
			switch app.CodeOf(err) {
			case app.CodeTenantSuspended, app.CodeUnknownTenant:
				continue // it has none that could be used
			}
			if err != nil {
				return err
			}
			for _, license := range licenses {
				if len(s.Licenses) == maxLicenses {
					s.More++
					continue
				}
				shown := page.License{
					Tenant: t.name, ID: license.ID, Product: license.Product, Status: string(license.Status), Seats: license.Seats, Limit: license.Limit(),
				}
				shown.InUse, shown.Why = count(ctx, l, license.Ref())
				s.Licenses = append(s.Licenses, shown)
			}
		}
		return nil
	})
	if err != nil {
		return page.Seats{Why: err.Error(), Licenses: []page.License{}}
	}
	return s
}

// counter returns how to count the seats in use of a licence: their number, or why
// it is not known.
func (d *Daemon) counter() (count func(context.Context, *ledger.Ledger, app.LicenseRef) (*int, string), end func()) {
	unknown := func(why string) func(context.Context, *ledger.Ledger, app.LicenseRef) (*int, string) {
		return func(context.Context, *ledger.Ledger, app.LicenseRef) (*int, string) { return nil, why }
	}
	if d.faults.has(fault.Redis) {
		return unknown("not known: Redis is made to fail"), func() {}
	}
	server := d.caches.declared(d)
	if server == nil {
		return unknown("not known: Redis does not run"), func() {}
	}
	client := server.Client()
	seats := live.NewSeats(client, func(string, time.Duration, error) {})
	silent := false
	return func(ctx context.Context, l *ledger.Ledger, ref app.LicenseRef) (*int, string) {
		if silent { // it has had its time
			return nil, "not known: Redis does not answer"
		}
		bounded, cancel := context.WithTimeout(ctx, redisTimeout)
		defer cancel()
		usage, err := seats.Usage(bounded, ref)
		if err == nil {
			return &usage.InUse, ""
		}
		if silent = !errors.Is(err, app.ErrCold); silent {
			return nil, "not known: Redis does not answer"
		}
		// Nobody has used it since Redis began: what the ledger has no open lease for,
		// nobody holds.
		open, err := l.Leases(ctx, ref, "", 1)
		if err != nil {
			return nil, "not known: " + errNoAnswer.Error()
		}
		if len(open) > 0 {
			return nil, "not known before it is used again: Redis has begun anew"
		}
		return new(int), ""
	}, func() { _ = client.Close() } // nothing is written
}

// declared is the cache that the program declares, nil when it does not run.
func (c *caches) declared(d *Daemon) *redis.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range d.store.List(gcp.TypeRedisInstance) {
		if r.URN != "" && c.running[r.ID] != nil {
			return c.running[r.ID]
		}
	}
	return nil
}

// events are the newest of every tenant's audit trail in the ledger, at most so many
// pages of each.
func (d *Daemon) events(ctx context.Context, pages int) (all []event, err error) {
	err = d.readLedger(ctx, func(ctx context.Context, l *ledger.Ledger, tenants []tenant) error {
		for _, t := range tenants {
			before := int64(0)
			for range pages {
				found, err := l.Events(ctx, t.id, before, maxEvents)
				switch app.CodeOf(err) {
				case app.CodeTenantSuspended, app.CodeUnknownTenant:
					found, err = nil, nil
				}
				if err != nil {
					return fmt.Errorf("read the events of a tenant: %w", err)
				}
				for _, e := range found {
					all = append(all, event{e, t.name})
				}
				if len(found) < maxEvents {
					break
				}
				before = found[len(found)-1].ID
			}
		}
		return nil
	})
	return all, err
}

// event is one of the ledger's audit trail.
type event struct {
	app.Event
	tenant string
}
