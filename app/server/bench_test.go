package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/kms"
	"github.com/coditect-ai/license-platform/app/redis"
)

// built is the API as it is shipped, in a process of its own.
type built struct {
	*instance
	command *exec.Cmd
	ready   time.Duration
}

// build compiles the program as the image does and reports its size.
func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "license-api")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", path, "../cmd/license-api")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(b, err, string(said))
	return path
}

func (w *world) serveBuilt(b *testing.B, path string) *built {
	b.Helper()
	environment := w.serveEnvironment(b)
	s := &built{instance: &instance{url: "http://" + environment["LISTEN_ADDRESS"], client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}}
	s.command = exec.Command(path, "serve")
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.command.Env = []string{"LOG_LEVEL=warn"}
	for key, value := range environment {
		s.command.Env = append(s.command.Env, key+"="+value)
	}
	start := time.Now()
	require.NoError(b, s.command.Start())
	b.Cleanup(func() {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
		s.client.CloseIdleConnections()
	})
	s.awaitReady(b)
	s.ready = time.Since(start)
	return s
}

// memory is one line of the process's memory in MiB: VmRSS with the pages of the
// program file itself, RssAnon what it took for its own.
func (s *built) memory(b *testing.B, name string) float64 {
	b.Helper()
	content, err := os.ReadFile("/proc/" + strconv.Itoa(s.command.Process.Pid) + "/status")
	require.NoError(b, err)
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name+":" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(b, err)
			return kib / 1024
		}
	}
	require.FailNow(b, "no "+name)
	return 0
}

// cpu is the processor time that the process has used, by the kernel's ticks of 10 ms.
func (s *built) cpu(b *testing.B) time.Duration {
	b.Helper()
	content, err := os.ReadFile("/proc/" + strconv.Itoa(s.command.Process.Pid) + "/stat")
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	require.NoError(b, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(b, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rate is what a load showed.
type rate struct {
	perSecond float64
	p50, p99  time.Duration
}

// sample is how long each operation took, and all of them together.
type sample struct {
	each []time.Duration
	took time.Duration
}

func (s sample) rate(b *testing.B) rate {
	b.Helper()
	require.NotEmpty(b, s.each)
	slices.Sort(s.each)
	return rate{perSecond: float64(len(s.each)) / s.took.Seconds(), p50: s.each[len(s.each)/2], p99: s.each[len(s.each)*99/100]}
}

// load runs work for a time and says what it showed.
func load(b *testing.B, workers int, length time.Duration, pace float64, work func(worker int) error) rate {
	b.Helper()
	return measure(b, workers, length, pace, work).rate(b)
}

// turns runs each work for the window, in turns: what else the machine does strikes
// all of them alike, and their ratio holds.
func turns(b *testing.B, workers int, works ...func(worker int) error) []rate {
	b.Helper()
	const rounds = 6
	samples := make([]sample, len(works))
	for range rounds {
		for i, work := range works {
			s := measure(b, workers, window/rounds, 0, work)
			samples[i].each, samples[i].took = append(samples[i].each, s.each...), samples[i].took+s.took
		}
	}
	rates := make([]rate, len(works))
	for i := range samples {
		rates[i] = samples[i].rate(b)
	}
	return rates
}

// measure runs work on so many workers for a time; pace, when not 0, is the total of
// operations a second to aim at. An error ends the benchmark.
func measure(b *testing.B, workers int, length time.Duration, pace float64, work func(worker int) error) sample {
	b.Helper()
	times := make([][]time.Duration, workers)
	failures := make(chan error, workers)
	var group sync.WaitGroup
	start := time.Now()
	for worker := range workers {
		group.Go(func() {
			for n := 0; time.Since(start) < length; n++ {
				if pace > 0 {
					time.Sleep(time.Until(start.Add(time.Duration(float64(n*workers+worker) / pace * float64(time.Second)))))
				}
				began := time.Now()
				if err := work(worker); err != nil {
					failures <- err
					return
				}
				times[worker] = append(times[worker], time.Since(began))
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	close(failures)
	require.NoError(b, <-failures)
	return sample{each: slices.Concat(times...), took: took}
}

const workers, window = 32, 3 * time.Second

func (in *instance) expect(status int, path, token, body string) error {
	request, err := http.NewRequest("POST", in.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := in.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("%s: status %d instead of %d", path, response.StatusCode, status)
	}
	return nil
}

func BenchmarkProgram(b *testing.B) {
	w := newWorld(b)
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

// BenchmarkHeartbeat compares the whole way of a heartbeat (HTTP, token, script)
// with the bare script, at the same concurrency in the same run.
func BenchmarkHeartbeat(b *testing.B) {
	w := newWorld(b)
	api := w.serveBuilt(b, build(b))
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	leases := make([]string, workers)
	for i := range leases {
		leases[i] = api.acquire(b, "big", token, fmt.Sprintf("device-%d", i)).text("leaseId")
	}
	client, err := redis.Open(redis.Options{Address: w.redis.Address, CA: w.redis.CA, Password: apptest.Password})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	wires := make([]*wire, workers)
	for i := range wires {
		wires[i] = api.wire(b, "/v1/leases/"+leases[i]+"/heartbeat", token)
	}
	ctx := context.Background()
	bare := goredis.NewScript(`redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) return redis.call('ZSCORE', KEYS[1], ARGV[1])`)
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	ref := app.LicenseRef{Tenant: "demo-1a2b", License: "big"}
	for b.Loop() {
		before := api.cpu(b)
		rates := turns(b, workers, func(worker int) error {
			return bare.Run(ctx, client, []string{"bare"}, leases[worker], 1e15).Err()
		}, func(worker int) error {
			_, err := seats.Extend(ctx, ref, leases[worker], "ada")
			return err
		}, func(worker int) error { return wires[worker].expect(200) })
		evalsha, script, whole := rates[0], rates[1], rates[2]
		spent := api.cpu(b) - before
		half := load(b, workers, window, whole.perSecond/2, func(worker int) error { return wires[worker].expect(200) })
		b.ReportMetric(evalsha.perSecond, "bare-evalsha/s")
		b.ReportMetric(script.perSecond, "heartbeat-script/s")
		b.ReportMetric(whole.perSecond, "heartbeat/s")
		b.ReportMetric(float64(spent.Microseconds())/(whole.perSecond*window.Seconds()), "cpu-us/heartbeat")
		b.ReportMetric(whole.perSecond/evalsha.perSecond, "ratio")
		b.ReportMetric(float64(whole.p99.Microseconds())/1000, "p99-ms-full")
		b.ReportMetric(float64(half.p99.Microseconds())/1000, "p99-ms-half")
		b.ReportMetric(api.memory(b, "VmRSS"), "MiB-loaded")
	}
}

// BenchmarkAcquire compares acquire with the bare KMS signature, which it contains.
func BenchmarkAcquire(b *testing.B) {
	w := newWorld(b)
	api := w.serveBuilt(b, build(b))
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	client, err := kms.Open(context.Background(), w.google.Endpoint, w.google.CA, func(string, time.Duration, error) {})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	signer, err := kms.NewSigner(client, apptest.KeyVersion)
	require.NoError(b, err)
	for b.Loop() {
		for worker := range 8 {
			require.Equal(b, 201, api.acquire(b, "big", token, fmt.Sprintf("device-%d", worker)).status)
		}
		rates := turns(b, 8, func(int) error {
			_, err := signer.Sign(context.Background(), app.Claims{})
			return err
		}, func(worker int) error {
			return api.expect(200, "/v1/licenses/big/acquire", token, fmt.Sprintf(`{"fingerprint":"device-%d"}`, worker))
		})
		signature, acquire := rates[0], rates[1]
		b.ReportMetric(signature.perSecond, "bare-signature/s")
		b.ReportMetric(acquire.perSecond, "acquire/s")
		b.ReportMetric(acquire.perSecond/signature.perSecond, "ratio")
		b.ReportMetric(float64(acquire.p99.Microseconds())/1000, "p99-ms-full")
	}
}

// BenchmarkInstances shows how heartbeats go from one instance to three.
func BenchmarkInstances(b *testing.B) {
	w := newWorld(b)
	path := build(b)
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	apis := []*built{w.serveBuilt(b, path), w.serveBuilt(b, path), w.serveBuilt(b, path)}
	leases := make([]string, workers)
	for i := range leases {
		leases[i] = apis[0].acquire(b, "big", token, fmt.Sprintf("device-%d", i)).text("leaseId")
	}
	wires := map[int][]*wire{1: make([]*wire, workers), 3: make([]*wire, workers)}
	for n, all := range wires {
		for i := range all {
			all[i] = apis[i%n].wire(b, "/v1/leases/"+leases[i]+"/heartbeat", token)
		}
	}
	for b.Loop() {
		through := func(n int) func(int) error {
			return func(worker int) error { return wires[n][worker].expect(200) }
		}
		for i, r := range turns(b, workers, through(1), through(3)) {
			b.ReportMetric(r.perSecond, fmt.Sprintf("heartbeat/s-%d", 1+2*i))
		}
	}
}

// BenchmarkSeats shows heartbeats and rebuilding with many live seats on one licence.
func BenchmarkSeats(b *testing.B) {
	for _, seats := range []int{1, 1_000, 100_000} {
		b.Run(strconv.Itoa(seats), func(b *testing.B) {
			w := newWorld(b)
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
				require.NoError(b, store.Load(ctx, license, open))
				b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-rebuild")
				r := load(b, workers, window, 0, func(worker int) error {
					_, err := store.Extend(ctx, license.Ref(), open[(worker*7919)%seats].ID, "ada")
					return err
				})
				b.ReportMetric(r.perSecond, "heartbeat-script/s")
			}
		})
	}
}
