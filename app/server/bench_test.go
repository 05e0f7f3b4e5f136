package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

func BenchmarkProgram(b *testing.B) {
	w := newFixture(b)
	path := build(b)
	content, err := os.ReadFile(path)
	require.NoError(b, err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(content)
	require.NoError(b, err)
	require.NoError(b, z.Close())
	for b.Loop() {
		var ready []time.Duration
		var s *built
		for range 5 {
			s = w.serveBuilt(b, path)
			ready = append(ready, s.ready)
		}
		slices.Sort(ready)
		time.Sleep(2 * time.Second)
		b.ReportMetric(float64(packed.Len())/(1<<20), "MiB-compressed")
		b.ReportMetric(float64(ready[2].Milliseconds()), "ms-to-ready")
		b.ReportMetric(s.memory(b, "VmRSS"), "MiB-idle")
		b.ReportMetric(s.memory(b, "RssAnon"), "MiB-idle-private")
	}
}

// BenchmarkHeartbeat compares the whole way of a heartbeat (HTTP, token, script) with an
// empty answer of net/http and with the bare script, at the same concurrency in the same
// run.
func BenchmarkHeartbeat(b *testing.B) {
	w := newFixture(b)
	api := w.serveBuilt(b, build(b))
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	leases := make([]string, workers)
	for i := range leases {
		leases[i] = api.acquire(b, "big", token, fmt.Sprintf("device-%d", i)).text("leaseId")
	}
	client, err := redis.Open(redis.Options{Address: w.redis.Address, CA: w.redis.CA, Password: apptest.Password})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	emptyServer, emptyProcess := serveEmpty(b)
	heartbeats, nothing := api.herd(token, 200, beats(leases)...), emptyServer.herd(token, 200, beats(leases)...)
	spread := api.herd(token, 200, beats(leasesOfManyLicenses(b, w, api, token))...)
	ctx := context.Background()
	bare := goredis.NewScript(`redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) return redis.call('ZSCORE', KEYS[1], ARGV[1])`)
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	ref := app.LicenseRef{Tenant: "demo-1a2b", License: "big"}
	watched := []int{os.Getpid(), w.redis.PID(), api.command.Process.Pid, emptyProcess}
	for b.Loop() {
		rates := turns(b, watched, calling(workers, func(worker int) error {
			return bare.Run(ctx, client, []string{"bare"}, leases[worker], 1e15).Err()
		}), calling(workers, func(worker int) error {
			_, err := seats.Extend(ctx, ref, leases[worker], "ada")
			return err
		}), heartbeats.run, nothing.run, spread.run)
		evalsha, script, whole, empty := rates[0], rates[1], rates[2], rates[3]
		half := heartbeats.run(b, window, whole.perSecond/2).rate(b)
		b.ReportMetric(evalsha.perSecond, "bare-evalsha/s")
		b.ReportMetric(script.perSecond, "heartbeat-script/s")
		b.ReportMetric(whole.perSecond, "heartbeat/s")
		b.ReportMetric(empty.perSecond, "empty-answer/s")
		b.ReportMetric(whole.perSecond/empty.perSecond, "ratio")
		b.ReportMetric(rates[4].perSecond/empty.perSecond, "ratio-licenses")
		b.ReportMetric(whole.perSecond/evalsha.perSecond, "ratio-evalsha")
		for i, who := range []string{"load", "redis", "api"} {
			b.ReportMetric(float64(whole.used[i].Nanoseconds())/1000, "cpu-us-"+who)
		}
		b.ReportMetric(float64(empty.used[0].Nanoseconds())/1000, "cpu-us-load-empty")
		b.ReportMetric(float64(empty.used[3].Nanoseconds())/1000, "cpu-us-empty")
		b.ReportMetric(float64((evalsha.used[0]+evalsha.used[1]).Nanoseconds())/1000, "cpu-us-bare")
		b.ReportMetric(float64(whole.p99.Microseconds())/1000, "p99-ms-full")
		b.ReportMetric(float64(half.p99.Microseconds())/1000, "p99-ms-half")
		b.ReportMetric(api.memory(b, "VmRSS"), "MiB-loaded")
	}
}

// leasesOfManyLicenses takes a lease of a licence of its own for each worker: the
// heartbeats of a trip share nothing but the trip.
func leasesOfManyLicenses(b *testing.B, w *fixture, api *built, token string) []string {
	b.Helper()
	claims := apptest.Claims("demo-1a2b", "root")
	claims["role"] = "admin"
	admin := w.google.Mint(b, claims)
	leases := make([]string, workers)
	for i := range leases {
		id := fmt.Sprintf("license-%d", i)
		require.Equal(b, 201, api.call(b, "POST", "/v1/licenses", admin, `{"id":"`+id+`","product":"p","seats":1}`).status)
		leases[i] = api.acquire(b, id, token, "device").text("leaseId")
	}
	return leases
}

// beats are the targets of the leases' heartbeats.
func beats(leases []string) []string {
	targets := make([]string, len(leases))
	for i, lease := range leases {
		targets[i] = "POST /v1/leases/" + lease + "/heartbeat"
	}
	return targets
}

// BenchmarkInstances shows how heartbeats go from one instance to three.
func BenchmarkInstances(b *testing.B) {
	w := newFixture(b)
	path := build(b)
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	apis := []*built{w.serveBuilt(b, path), w.serveBuilt(b, path), w.serveBuilt(b, path)}
	leases := make([]string, workers)
	for i := range leases {
		leases[i] = apis[0].acquire(b, "big", token, fmt.Sprintf("device-%d", i)).text("leaseId")
	}
	one, three := apis[0].herd(token, 200, beats(leases)...), make([]*herd, 3)
	for i := range three {
		three[i] = apis[i].herd(token, 200, beats(leases[i*workers/3:(i+1)*workers/3])...)
	}
	for b.Loop() {
		for i, r := range turns(b, nil, one.run, together(three...).run) {
			b.ReportMetric(r.perSecond, fmt.Sprintf("heartbeat/s-%d", 1+2*i))
		}
	}
}

// BenchmarkSeats shows heartbeats and rebuilding with many live seats on one licence.
func BenchmarkSeats(b *testing.B) {
	for _, seats := range []int{1, 1_000, 100_000} {
		b.Run(strconv.Itoa(seats), func(b *testing.B) {
			w := newFixture(b)
			client := w.redis.Client()
			b.Cleanup(func() { require.NoError(b, client.Close()) })
			store := redis.NewSeats(client, func(string, time.Duration, error) {})
			license := app.License{Tenant: "demo-1a2b", ID: "many", Product: "p", Seats: seats}.Defaulted()
			open := make([]app.Lease, seats)
			for i := range open {
				open[i] = app.Lease{ID: app.NewLeaseID("many"), Kind: app.KindFloating, Fingerprint: "device-" + strconv.Itoa(i), User: "ada"}
			}
			ctx := context.Background()
			for b.Loop() {
				start := time.Now()
				client.FlushAll(ctx)
				// A rebuild is one script; the client waits for it longer than for others.
				rebuild, err := store.Begin(ctx, license.Ref())
				require.NoError(b, err)
				require.NoError(b, store.Stage(ctx, rebuild, license, open))
				require.NoError(b, store.Load(ctx, rebuild, license))
				b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-rebuild")
				extend := calling(workers, func(worker int) error {
					_, err := store.Extend(ctx, license.Ref(), open[(worker*7919)%seats].ID, "ada")
					return err
				})
				b.ReportMetric(extend(b, window, 0).rate(b).perSecond, "heartbeat-script/s")
			}
		})
	}
}
