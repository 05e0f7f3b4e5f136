package server_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestOnlySuccessIsRemembered(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada, bob, admin := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), w.google.Mint(t, apptest.Claims("demo-1a2b", "bob")), w.admin(t)
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin, `{"id":"one","product":"p","seats":1}`).status)
	lease := api.acquire(t, "one", ada, "laptop").text("leaseId")
	acquire := func() reply {
		return api.call(t, "POST", "/v1/licenses/one/acquire", bob, `{"fingerprint":"desk"}`, "Idempotency-Key", "one")
	}
	require.Equal(t, 409, acquire().status)
	require.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+lease+"/release", ada, "", "Idempotency-Key", "two").status)
	assert.Equal(t, 201, acquire().status, "a seat is free now")
	assert.Equal(t, "true", acquire().header.Get("Idempotency-Replayed"))

	for range 20 {
		require.Equal(t, 404, api.call(t, "POST", "/v1/leases/"+app.NewLeaseID("one")+"/heartbeat", ada, "", "Idempotency-Key", "three").status)
	}
	assert.Len(t, w.remembered(t), 1, "nothing of a refusal, a release or a heartbeat")
}

func TestWhoIsNoAdministratorAnyMoreGetsNoAdministratorsAnswer(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	create := func(token string) reply {
		return api.call(t, "POST", "/v1/licenses", token, `{"id":"secret","product":"p","seats":1,"metadata":{"contract":"4711"}}`, "Idempotency-Key", "one")
	}
	require.Equal(t, 201, create(w.admin(t)).status)
	require.Equal(t, "true", create(w.admin(t)).header.Get("Idempotency-Replayed"))

	refused := create(w.google.Mint(t, apptest.Claims("demo-1a2b", "root")))
	assert.Equal(t, 403, refused.status)
	assert.Equal(t, "forbidden", refused.text("code"))
	assert.NotContains(t, string(refused.raw), "4711")
}

// A tenant that keeps as many answers as it can in a Redis that has little room takes nobody's
// seat, and operators learn of a full Redis while seats can be kept.
func TestAFullRedisIsKnownAndKeepsTheSeatsThatAreTaken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "big", ada, "laptop").text("leaseId")
	memory := func() string {
		checks, _ := api.call(t, "GET", "/ready", "", "").body["checks"].(map[string]any)
		return fmt.Sprint(checks["redisMemory"])
	}
	require.Equal(t, "ok", memory())
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", fmt.Sprint(w.redis.Used(t)+(2<<20))).Err())
	for i := range 1500 {
		r := api.call(t, "POST", "/v1/leases/"+lease+"/heartbeat", ada, "", "Idempotency-Key", fmt.Sprintf("key-%d", i))
		require.Equal(t, 200, r.status, string(r.raw))
	}
	require.Equal(t, 201, api.acquire(t, "big", ada, "desk").status)

	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", fmt.Sprint(w.redis.Used(t)*100/90)).Err())
	await.True(t, func() bool { return memory() == "filling" })
	assert.Equal(t, 201, api.acquire(t, "big", ada, "tablet").status)
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1mb").Err())
	await.True(t, func() bool { return memory() == "full" })
	assert.Equal(t, 200, api.call(t, "GET", "/ready", "", "").status, "no other instance has another Redis")
	assert.Equal(t, 503, api.once(t, "POST", "/v1/licenses/big/acquire", ada, `{"fingerprint":"phone"}`).status)
	assert.Equal(t, 200, api.heartbeat(t, ada, lease).status)
	assert.Equal(t, 204, api.release(t, ada, lease).status)
	scraped, err := api.client.Get(api.metrics)
	require.NoError(t, err)
	defer scraped.Body.Close()
	exported, err := io.ReadAll(scraped.Body)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^redis_memory_used_ratio 1`, string(exported))
}

func TestALeaseThatIsRevivedAfterAnErasureCanBeErasedAgain(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	g, err := h.Acquire(t.Context(), ada(), "demo", "adas-laptop")
	require.NoError(t, err)
	h.expire(t, g.Lease)
	require.NoError(t, h.Reap(t.Context()))
	// The erasure comes between the heartbeat's reading of the lease and its writing.
	h.ledger.afterLease = func() {
		_, err := h.Erase(t.Context(), root(), "ada")
		require.NoError(t, err)
	}
	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err)
	traces := func() int {
		return h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease l WHERE l::text ~ 'adas-laptop|ada@' OR user_id = 'ada'`)
	}
	require.Equal(t, 1, traces(), "the revival brought the data back")

	_, err = h.Erase(t.Context(), root(), "ada")
	require.NoError(t, err)
	assert.Zero(t, traces())
}
