package server_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/redis"
)

// The data with which the cost of housekeeping is measured: each tenant has two licences,
// each licence ten live leases, whose holders are silent for an hour.
const manyTenants, licensesEach, leasesEach = 10_000, 2, 10

// populate writes it into the ledger, as the superuser.
func (w *fixture) populate(b *testing.B) {
	b.Helper()
	w.postgres.Admin(b, fmt.Sprintf(`INSERT INTO licensing.tenant (id, name) SELECT 't' || n, 'tenant ' || n FROM generate_series(1, %d) n`, manyTenants),
		fmt.Sprintf(`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds)
			SELECT 't' || n, 'l' || k, 'p', 20, 3600, 1200 FROM generate_series(1, %d) n, generate_series(1, %d) k`, manyTenants, licensesEach),
		fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, id, license_id, kind, fingerprint, user_id, granted_at, seated_at, expires_at)
			SELECT 't' || n, 'l' || k || '_' || lpad(translate(i::text, '0189', 'abcd'), 26, 'a'), 'l' || k, 'floating', 'device-' || i, 'ada', now(), now(), now() + interval '1 hour'
			FROM generate_series(1, %d) n, generate_series(1, %d) k, generate_series(1, %d) i`, manyTenants, licensesEach, leasesEach),
		`VACUUM ANALYZE`)
}

// leaseOf is the id of a lease that populate wrote.
func leaseOf(license, i int) string {
	return fmt.Sprintf("l%d_%s", license, strings.Repeat("a", 25)+strings.NewReplacer("0", "a", "1", "b", "8", "c", "9", "d").Replace(strconv.Itoa(i)))
}

// warm loads all of it, in place of the holders' heartbeats.
func (w *fixture) warm(b *testing.B, client *goredis.Client) {
	b.Helper()
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for worker := range 8 {
		group.Go(func() {
			for n := worker + 1; n <= manyTenants; n += 8 {
				for k := 1; k <= licensesEach; k++ {
					if err := w.warmOne(seats, n, k); err != nil {
						failures <- err
						return
					}
				}
			}
		})
	}
	group.Wait()
	close(failures)
	require.NoError(b, await.Receive(b, failures))
}

func (w *fixture) warmOne(seats *redis.Seats, n, k int) error {
	ctx := context.Background()
	license := app.License{Tenant: "t" + strconv.Itoa(n), ID: "l" + strconv.Itoa(k), Product: "p", Seats: 20, LeaseTTL: time.Hour, HeartbeatInterval: 20 * time.Minute}.Defaulted()
	open := make([]app.Lease, leasesEach)
	for i := range open {
		open[i] = app.Lease{ID: leaseOf(k, i+1), Kind: app.KindFloating, Fingerprint: "device-" + strconv.Itoa(i+1), User: "ada"}
		if i == 9 {
			open[i].ID = "l" + strconv.Itoa(k) + "_" + strings.Repeat("a", 24) + "ba"
		}
	}
	rebuild, err := seats.Begin(ctx, license.Ref())
	if err != nil {
		return err
	}
	if err := seats.Stage(ctx, rebuild, license, open); err != nil {
		return err
	}
	return seats.Load(ctx, rebuild, license)
}

// family is the process and its children.
func family(b *testing.B, pid int) []int {
	b.Helper()
	all := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(b, err)
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		number, rest, _ := strings.Cut(string(content), " ")
		_, rest, _ = strings.Cut(rest, ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(number)
			require.NoError(b, err)
			all = append(all, child)
		}
	}
	return all
}

// scraped is what an instance exports: how many series, and the value of one.
func (in *instance) scraped(b *testing.B, name string) (series int, value float64) {
	b.Helper()
	response, err := in.client.Get(in.metrics)
	require.NoError(b, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series++
		if found, number, _ := strings.Cut(strings.TrimSpace(line), " "); found == name {
			value, err = strconv.ParseFloat(number, 64)
			require.NoError(b, err)
		}
	}
	return series, value
}

// BenchmarkHousekeeping measures what three instances do while nothing happens, with many
// tenants, and what heartbeats notice of it.
func BenchmarkHousekeeping(b *testing.B) {
	w := newFixture(b)
	w.populate(b)
	client := w.redis.Client()
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	ctx := context.Background()
	w.warm(b, client)
	path := build(b)
	apis := []*built{w.serveBuilt(b, path), w.serveBuilt(b, path), w.serveBuilt(b, path)}
	await.True(b, func() bool {
		_, busy := apis[0].scraped(b, "license_busy")
		return busy == manyTenants*licensesEach
	}, "every licence was looked at once")

	// Heartbeats of as many tenants as there are clients, and of one tenant that is alone.
	herds := make([]*herd, workers)
	for i := range herds {
		token := w.google.Mint(b, apptest.Claims("t"+strconv.Itoa(i*300+1), "ada"))
		herds[i] = apis[0].herd(token, 200, beats([]string{leaseOf(1, 1)})...)
	}
	many := together(herds...)
	alone := newFixture(b)
	other := alone.serveBuilt(b, path)
	token := alone.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	one := other.herd(token, 200, beats(leasesOfManyLicenses(b, alone, other, token))...)
	for b.Loop() {
		idle := w.idle(b, client, apis)
		const pace = 4000
		paced := func(h *herd) load {
			return func(b *testing.B, length time.Duration, _ float64) sample { return h.run(b, length, pace) }
		}
		rates := turns(b, nil, paced(many), paced(one))
		b.ReportMetric(float64(rates[0].p99.Microseconds())/1000, "p99-ms-many-tenants")
		b.ReportMetric(float64(rates[1].p99.Microseconds())/1000, "p99-ms-one-tenant")
		b.ReportMetric(float64(rates[0].p99)/float64(rates[1].p99), "p99-ratio")
		for name, value := range idle {
			b.ReportMetric(value, name)
		}
		require.NoError(b, client.FlushAll(ctx).Err())
		w.rebuilding(b, many, apis)
	}
}

// idle measures half a minute in which nobody asks for anything.
func (w *fixture) idle(b *testing.B, client *goredis.Client, apis []*built) map[string]float64 {
	b.Helper()
	ctx := context.Background()
	require.NoError(b, client.ConfigSet(ctx, "slowlog-log-slower-than", "5000").Err())
	require.NoError(b, client.SlowLogReset(ctx).Err())
	processes := map[string][]int{"redis": {w.redis.PID()}, "postgres": family(b, w.postgres.PID())}
	for _, api := range apis {
		processes["apis"] = append(processes["apis"], api.command.Process.Pid)
	}
	spent := func(name string) (sum time.Duration) {
		for _, pid := range processes[name] {
			sum += processor(b, pid)
		}
		return sum
	}
	const transactions = `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'licensing'`
	before, start := map[string]time.Duration{}, time.Now()
	for name := range processes {
		before[name] = spent(name)
	}
	begun := w.postgres.Count(b, transactions)
	time.Sleep(30 * time.Second)
	took, found := time.Since(start).Seconds(), map[string]float64{}
	for name := range processes {
		found["core-percent-"+name] = 100 * (spent(name) - before[name]).Seconds() / took
	}
	found["transactions/s"] = float64(w.postgres.Count(b, transactions)-begun) / took
	slow, err := client.SlowLogGet(ctx, 100).Result()
	require.NoError(b, err)
	found["slow-scripts"] = float64(len(slow))
	for _, s := range slow {
		b.Log("slow:", s.Duration, s.Args[:min(2, len(s.Args))])
	}
	series, _ := apis[0].scraped(b, "")
	found["series"] = float64(series)
	return found
}

// rebuilding measures heartbeats while everything else is rebuilt, and how often a licence
// is.
func (w *fixture) rebuilding(b *testing.B, beats *herd, apis []*built) {
	b.Helper()
	count := func() (sum float64) {
		for _, api := range apis {
			_, n := api.scraped(b, "license_rebuilds_total")
			sum += n
		}
		return sum
	}
	before := count()
	first := beats.run(b, window, 4000)
	warm := beats.run(b, 20*time.Second, 4000).rate(b)
	b.ReportMetric(float64(first.rate(b).p99.Microseconds())/1000, "p99-ms-after-flush")
	b.ReportMetric(float64(warm.p99.Microseconds())/1000, "p99-ms-rebuilding")
	b.ReportMetric(count()-before, "rebuilds-in-23s")
}
