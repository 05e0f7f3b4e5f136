package server_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestFaultsAThousandClientsRaceForAHundredSeats(t *testing.T) {
	w := newFixture(t)
	apis := []*instance{w.serve(t, nil), w.serve(t, nil), w.serve(t, nil)}
	for _, api := range apis {
		api.client.Timeout = await.Limit // a request that is given up is work for nothing
	}
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	var granted, refused, other atomic.Int64
	var group sync.WaitGroup
	for client := range 1000 {
		group.Go(func() {
			api := apis[client%len(apis)]
			for end := time.Now().Add(5 * await.Limit); time.Now().Before(end); {
				r, err := api.try("POST", "/v1/licenses/big/acquire", token, fmt.Sprintf(`{"fingerprint":"device-%d"}`, client))
				switch {
				case err == nil && (r.status == 201 || r.status == 200):
					granted.Add(1)
				case err == nil && r.status == 409:
					refused.Add(1)
				case err != nil, r.status == 429, r.status == 503:
					// On a busy machine an answer may come too late. The device may have its seat by
					// then, and gets the same one again.
					time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
					continue
				default:
					other.Add(1)
				}
				return
			}
			other.Add(1)
		})
	}
	group.Wait()
	t.Logf("1000 clients, 3 instances: granted %d, refused %d, other answers %d", granted.Load(), refused.Load(), other.Load())
	assert.EqualValues(t, 100, granted.Load())
	assert.EqualValues(t, 900, refused.Load())
	assert.Zero(t, other.Load())
	assert.Equal(t, 100, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'big' AND ended_at IS NULL`))
}

// tally is what the clients saw while things broke.
type tally struct {
	tried, refused, unavailable, lost, oversold atomic.Int64
	holders                                     atomic.Int64
	// pause is what a client waits for between two requests, at least.
	pause time.Duration
}

// operationsVariable makes the faults come again and again until so many operations were
// tried, one after the other almost without a pause.
const operationsVariable = "FAULTS_OPERATIONS"

// operations is how many are to be tried at least.
func operations(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv(operationsVariable)
	if text == "" {
		return 1000
	}
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err, operationsVariable)
	return n
}

const faultSeats, faultClients = 20, 30

// client acquires, keeps and sometimes releases a lease until stop. What it holds
// counts from the answer of acquire to the moment that it asks for the release. It calls the
// API itself: package client would wait seconds after each failure, and hardly ever meet a fault;
// what it makes of faults, the office of clients shows, which `make faults` runs too.
func (l *tally) client(api func() *instance, token, device string, stop <-chan struct{}) {
	lease := ""
	for {
		select {
		case <-stop:
			return
		case <-time.After(l.pause + rand.N(3*l.pause)):
		}
		l.tried.Add(1)
		switch {
		case lease == "":
			r, err := api().try("POST", "/v1/licenses/fault/acquire", token, `{"fingerprint":"`+device+`"}`)
			switch {
			case err != nil || r.status == 503 || r.status == 429:
				l.unavailable.Add(1)
			case r.status == 409:
				l.refused.Add(1)
			case r.status == 200 || r.status == 201:
				lease = r.text("leaseId")
				if l.holders.Add(1) > faultSeats {
					l.oversold.Add(1)
				}
			default:
				l.lost.Add(1)
			}
		case rand.IntN(12) == 0:
			l.holders.Add(-1)
			if r, err := api().try("POST", "/v1/leases/"+lease+"/release", token, ""); err != nil || r.status != 204 {
				l.unavailable.Add(1)
			}
			lease = ""
		default:
			r, err := api().try("POST", "/v1/leases/"+lease+"/heartbeat", token, "")
			switch {
			case err != nil || r.status == 503 || r.status == 429:
				l.unavailable.Add(1)
			case r.status != 200:
				l.lost.Add(1)
				l.holders.Add(-1)
				lease = ""
			}
		}
	}
}

func TestFaultsNobodyLosesASeatAndNoSeatIsSoldTwice(t *testing.T) {
	drill(t)
	t.Parallel()
	w := newFixtureAlone(t)
	w.migrate(t, fmt.Sprintf(`[{"id":"demo-1a2b","name":"demo","licenses":[{"id":"fault","product":"coditect-ide","seats":%d,"leaseSeconds":120}]}]`, faultSeats))
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	var mu sync.Mutex
	apis := []*process{w.serveChild(t), w.serveChild(t), w.serveChild(t)}
	pick := func() *instance {
		mu.Lock()
		defer mu.Unlock()
		return apis[rand.IntN(len(apis))].instance
	}
	stop := make(chan struct{})
	seen, atLeast := tally{pause: 20 * time.Millisecond}, operations(t)
	if atLeast > 1000 {
		seen.pause = time.Millisecond
	}
	var group sync.WaitGroup
	for i := range faultClients {
		group.Go(func() { seen.client(pick, token, fmt.Sprintf("device-%d", i), stop) })
	}
	pause := func() { time.Sleep(1500 * time.Millisecond) }
	type fault struct {
		name string
		do   func()
	}
	faults := []fault{
		{"Redis is flushed", func() { w.redis.Flush(t) }},
		{"Redis is killed and comes back with an old snapshot", func() {
			w.redis.Snapshot(t)
			pause()
			w.redis.Kill(t)
			time.Sleep(300 * time.Millisecond)
			w.redis.Start(t)
		}},
		{"PostgreSQL is killed and comes back", func() {
			w.postgres.Kill(t)
			pause()
			w.postgres.Start(t)
		}},
		{"KMS refuses", func() {
			w.google.Refuse.Store(true)
			pause()
			w.google.Refuse.Store(false)
		}},
		{"KMS sends damaged signatures", func() {
			w.google.Corrupt.Store(true)
			pause()
			w.google.Corrupt.Store(false)
		}},
		{"KMS is slow", func() {
			release := w.google.Hold()
			pause()
			release()
		}},
		{"the key version that signs is still being generated", func() {
			w.google.SetState(apptest.KeyVersion, kmspb.CryptoKeyVersion_PENDING_GENERATION)
			pause()
			w.google.SetState(apptest.KeyVersion, kmspb.CryptoKeyVersion_ENABLED)
		}},
		{"Redis is full", func() {
			client := w.redis.Client()
			defer func() { assert.NoError(t, client.Close()) }()
			assert.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1mb").Err())
			pause()
			assert.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
		}},
		{"an API is killed in the middle of its work", func() {
			mu.Lock()
			victim := apis[0]
			mu.Unlock()
			victim.kill()
			fresh := w.serveChild(t)
			mu.Lock()
			apis[0] = fresh
			mu.Unlock()
		}},
		{"PostgreSQL is killed and Redis flushed at once", func() {
			w.postgres.Kill(t)
			w.redis.Flush(t)
			pause()
			w.postgres.Start(t)
		}},
		{"the instance that has all of the housekeeping is gone", func() { w.strand(t) }},
	}
	for {
		for _, fault := range faults {
			pause()
			before := seen.tried.Load()
			fault.do()
			pause()
			t.Logf("%s: %d operations, lost %d, oversold %d", fault.name, seen.tried.Load()-before, seen.lost.Load(), seen.oversold.Load())
		}
		pause()
		if seen.tried.Load() > atLeast || t.Failed() {
			break
		}
	}
	close(stop)
	group.Wait()
	t.Logf("operations tried %d, refused %d, unavailable %d, lost %d, oversold %d", seen.tried.Load(), seen.refused.Load(), seen.unavailable.Load(), seen.lost.Load(), seen.oversold.Load())
	assert.Greater(t, seen.tried.Load(), atLeast)
	assert.Zero(t, seen.lost.Load(), "a holder lost its seat")
	assert.Zero(t, seen.oversold.Load(), "a seat was sold twice")
}

func TestFaultsWithoutTheLedgerHeartbeatAndReleaseGoOn(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	first, second := api.acquire(t, "demo", token, "device-1").text("leaseId"), api.acquire(t, "demo", token, "device-2").text("leaseId")
	w.postgres.Kill(t)
	assert.Equal(t, 200, api.heartbeat(t, token, first).status)
	assert.Equal(t, 204, api.release(t, token, second).status)
	down := api.once(t, "POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"device-3"}`)
	assert.Equal(t, 503, down.status)
	assert.Equal(t, "dependency_unavailable", down.text("code"))
	assert.NotEmpty(t, down.header.Get("Retry-After"))
	// Its answer is good for a second, so one that does not know yet says that the ledger is there.
	await.True(t, func() bool { return strings.Contains(string(api.call(t, "GET", "/ready", "", "").raw), "unavailable") })
	assert.Equal(t, 200, api.call(t, "GET", "/ready", "", "").status, "the pod stays in service for heartbeats")
	w.postgres.Start(t)
	await.True(t, func() bool { return slices.Contains([]int{200, 201}, api.acquire(t, "demo", token, "device-3").status) })
	require.NoError(t, w.service(t).Reap(t.Context()))
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE id = $1 AND end_reason = 'released'`, second), "the ledger learns of the release later")
}

func TestFaultsWithoutTheKeyNoSeatIsTaken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	for name, fault := range map[string]*atomic.Bool{"refuses": &w.google.Refuse, "damages": &w.google.Corrupt} {
		fault.Store(true)
		r := api.once(t, "POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"device-1"}`)
		assert.Equal(t, 503, r.status, name)
		fault.Store(false)
		assert.EqualValues(t, 0, api.call(t, "GET", "/v1/licenses/demo", token, "").body["seatsInUse"], "the seat was given back")
	}
	metrics, err := api.client.Get(api.metrics)
	require.NoError(t, err)
	defer metrics.Body.Close()
	body, err := io.ReadAll(metrics.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), "kms_sign_errors_total 2")
	assert.Contains(t, string(body), `http_requests_total{code="503",method="POST",route="POST /v1/licenses/{license_id}/acquire"} 2`)
	assert.Contains(t, string(body), "db_connections_max 8")
}

func TestFaultsAnAPIKilledBetweenReservationAndSignatureLosesTheSeatForOneLeaseTimeOnly(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api, other := w.serveChild(t), w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	const open = `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`
	release := w.google.Hold()
	for _, device := range []string{"one", "two"} {
		go func() { _, _ = api.try("POST", "/v1/licenses/short/acquire", token, `{"fingerprint":"`+device+`"}`) }()
	}
	w.held(t, 2)
	client := w.redis.Client()
	defer client.Close()
	const leases = "seats:{demo-1a2b/short}:leases"
	reserved := client.ZRangeWithScores(t.Context(), leases, 0, -1).Val()
	require.Len(t, reserved, 2, "both seats are reserved")
	for _, seat := range reserved {
		assert.Less(t, time.UnixMicro(int64(seat.Score)), time.Now().Add(10*time.Second), "for one lease time only")
	}
	assert.Zero(t, w.postgres.Count(t, open), "and nothing is sold")
	api.kill()
	release()

	assert.Equal(t, 409, other.acquire(t, "short", token, "three").status, "nobody knows yet that they are not")
	for i, device := range []string{"three", "four"} {
		require.NoError(t, client.ZAddXX(t.Context(), leases, goredis.Z{Score: 1, Member: reserved[i].Member}).Err())
		assert.Equal(t, 201, other.acquire(t, "short", token, device).status)
	}
	assert.Equal(t, 409, other.acquire(t, "short", token, "five").status)
	assert.Equal(t, 2, w.postgres.Count(t, open))
}
