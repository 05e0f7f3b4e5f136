package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestALeaseLivesByTheRules(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	housekeeping := w.service(t)
	claims := apptest.Claims("demo-1a2b", "root")
	claims["role"] = "admin"
	admin := w.google.Mint(t, claims)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	bob := w.google.Mint(t, apptest.Claims("demo-1a2b", "bob"))
	license := func(t *testing.T, body string) string {
		t.Helper()
		id := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
		id = strings.Trim(id[max(0, len(id)-50):], "-")
		r := api.call(t, "POST", "/v1/licenses", admin, `{"id":"`+id+`","product":"coditect-ide",`+body+`}`)
		require.Equal(t, 201, r.status, string(r.raw))
		return id
	}

	t.Run("the token verifies offline with the published keys", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":2`)
		keys := api.call(t, "GET", "/.well-known/jwks.json", "", "")
		require.Equal(t, 200, keys.status)
		assert.Contains(t, keys.header.Get("Cache-Control"), "max-age=3600")
		assert.Equal(t, 304, api.call(t, "GET", "/.well-known/jwks.json", "", "", "If-None-Match", keys.header.Get("ETag")).status)
		r := api.acquire(t, id, token, "device-1")
		found, err := verify.Token(keys.raw, r.text("token"), verify.Expected{Product: "coditect-ide", Fingerprint: "device-1", Tenant: "demo-1a2b", Issuer: "https://licenses.coditect.ai"})
		require.NoError(t, err)
		assert.Equal(t, id, found.ID)
		assert.Equal(t, r.text("leaseId"), found.Lease)
		assert.Equal(t, 2, found.Seats)
		assert.WithinDuration(t, time.Now().Add(5*time.Minute), found.ExpiresAt, time.Minute)
	})

	t.Run("without a fingerprint every call takes a seat", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":2`)
		for range 2 {
			assert.Equal(t, 201, api.call(t, "POST", "/v1/licenses/"+id+"/acquire", token, "").status)
		}
		assert.Equal(t, 409, api.call(t, "POST", "/v1/licenses/"+id+"/acquire", token, "").status)
	})

	t.Run("a licence may demand that a lease names its device", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":2,"requireFingerprint":true`)
		refused := api.call(t, "POST", "/v1/licenses/"+id+"/acquire", token, "")
		assert.Equal(t, 422, refused.status)
		assert.Contains(t, string(refused.raw), "body.fingerprint")
		assert.Equal(t, 201, api.acquire(t, id, token, "device-1").status)
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, `{"requireFingerprint":false}`).status)
		assert.Equal(t, 201, api.call(t, "POST", "/v1/licenses/"+id+"/acquire", token, "{}").status)
	})

	t.Run("an expired lease is revived while a seat is free", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1,"leaseSeconds":10,"heartbeatSeconds":3`)
		lease := api.acquire(t, id, token, "device-1").text("leaseId")
		w.expire(t, id, lease)
		require.NoError(t, housekeeping.Reap(t.Context()))
		assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE id = $1 AND end_reason = 'expired'`, lease))
		beat := api.heartbeat(t, token, lease)
		require.Equal(t, 200, beat.status, string(beat.raw))
		assert.Equal(t, true, beat.body["revived"])
		assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE id = $1 AND ended_at IS NULL`, lease))
		assert.Equal(t, 409, api.acquire(t, id, token, "device-2").status, "the revived lease holds the only seat")
	})

	t.Run("an expired lease whose seat went to another is gone", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1,"leaseSeconds":10,"heartbeatSeconds":3`)
		lease := api.acquire(t, id, token, "device-1").text("leaseId")
		w.expire(t, id, lease)
		assert.Equal(t, 201, api.acquire(t, id, token, "device-2").status, "acquire reclaims the expired seat itself")
		gone := api.heartbeat(t, token, lease)
		assert.Equal(t, 410, gone.status)
		assert.Equal(t, "lease_expired", gone.text("code"))
		assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = $1 AND ended_at IS NULL`, id))
	})

	t.Run("a borrowed lease needs no heartbeat and can be returned early", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1,"leaseSeconds":10,"heartbeatSeconds":3,"maxBorrowSeconds":3600`)
		floating := api.acquire(t, id, token, "device-1")
		r := api.call(t, "POST", "/v1/licenses/"+id+"/borrow", token, `{"fingerprint":"device-1","durationSeconds":3600}`)
		require.Equal(t, 200, r.status, string(r.raw))
		assert.Equal(t, floating.text("leaseId"), r.text("leaseId"), "the device's lease became the borrowed one")
		keys := api.call(t, "GET", "/.well-known/jwks.json", "", "")
		found, err := verify.File(keys.raw, r.text("file"), verify.Expected{Product: "coditect-ide", Fingerprint: "device-1", Now: time.Now().Add(59 * time.Minute)})
		require.NoError(t, err)
		assert.True(t, found.Borrowed)
		assert.WithinDuration(t, time.Now().Add(time.Hour), w.ends(t, id, r.text("leaseId")), 2*time.Minute, "the seat is away for as long")
		assert.Equal(t, 409, api.acquire(t, id, token, "device-2").status)
		w.forgetSeats(t, id)
		assert.Equal(t, 409, api.acquire(t, id, token, "device-2").status, "and so after the live state was lost")
		assert.Equal(t, 204, api.release(t, token, r.text("leaseId")).status)
		assert.Equal(t, 201, api.acquire(t, id, token, "device-2").status)
		too := api.call(t, "POST", "/v1/licenses/"+id+"/borrow", token, `{"fingerprint":"device-2","durationSeconds":3601}`)
		assert.Equal(t, "borrow_not_allowed", too.text("code"))
	})

	t.Run("only the holder may keep or release a lease", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1`)
		lease := api.acquire(t, id, token, "device-1").text("leaseId")
		assert.Equal(t, "not_lease_holder", api.heartbeat(t, bob, lease).text("code"))
		assert.Equal(t, "not_lease_holder", api.release(t, bob, lease).text("code"))
		assert.Equal(t, "forbidden", api.call(t, "POST", "/v1/leases/"+lease+"/force-release", bob, "").text("code"))
		assert.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+lease+"/force-release", admin, "").status)
		assert.Equal(t, "lease_ended", api.heartbeat(t, token, lease).text("code"))
	})

	t.Run("an Idempotency-Key gets the first answer again", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1`)
		path := "/v1/licenses/" + id + "/acquire"
		first := api.call(t, "POST", path, token, "", "Idempotency-Key", "key-1")
		require.Equal(t, 201, first.status)
		again := api.call(t, "POST", path, token, "", "Idempotency-Key", "key-1")
		assert.Equal(t, 201, again.status)
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		assert.Equal(t, first.raw, again.raw)
		reused := api.call(t, "POST", path, token, `{"fingerprint":"x"}`, "Idempotency-Key", "key-1")
		assert.Equal(t, 422, reused.status)
		assert.Equal(t, "idempotency_key_reused", reused.text("code"))
		elsewhere := api.call(t, "POST", "/v1/licenses/"+id+"/borrow", token, `{"fingerprint":"x","durationSeconds":60}`, "Idempotency-Key", "key-1")
		assert.Equal(t, "idempotency_key_reused", elsewhere.text("code"))
		assert.Equal(t, 409, api.call(t, "POST", path, bob, "", "Idempotency-Key", "key-1").status, "keys belong to a user")
	})

	t.Run("an administrator changes what counts at once", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":2`)
		lease := api.acquire(t, id, token, "device-1").text("leaseId")
		require.Equal(t, 201, api.acquire(t, id, token, "device-2").status)
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, `{"seats":1}`).status)
		assert.Equal(t, 200, api.heartbeat(t, token, lease).status, "fewer seats drop nobody")
		assert.Equal(t, 409, api.acquire(t, id, token, "device-3").status)
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, `{"overage":2}`).status)
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, `{"seats":2}`).status)
		assert.Equal(t, 201, api.acquire(t, id, token, "device-3").status, "overage lets more in than seats")
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/suspend", admin, "").status)
		assert.Equal(t, "license_suspended", api.heartbeat(t, token, lease).text("code"))
		assert.Equal(t, "license_suspended", api.acquire(t, id, token, "device-1").text("code"))
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/reinstate", admin, "").status)
		assert.Equal(t, 200, api.heartbeat(t, token, lease).status)
		ends := func(at time.Time) string { return `{"expiresAt":"` + at.UTC().Format(time.RFC3339) + `"}` }
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, ends(time.Now().Add(-time.Minute))).status)
		assert.Equal(t, "license_expired", api.heartbeat(t, token, lease).text("code"))
		assert.Equal(t, "license_expired", api.acquire(t, id, token, "device-1").text("code"))
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, ends(time.Now().Add(time.Hour))).status)
		assert.Equal(t, 200, api.heartbeat(t, token, lease).status)
		assert.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+"/revoke", admin, "").status)
		assert.Equal(t, "license_revoked", api.heartbeat(t, token, lease).text("code"))
		assert.Equal(t, "license_revoked", api.call(t, "POST", "/v1/licenses/"+id+"/reinstate", admin, "").text("code"))
		assert.Equal(t, "license_exists", api.call(t, "POST", "/v1/licenses", admin, `{"id":"`+id+`","product":"p","seats":1}`).text("code"))
	})

	t.Run("lists go on where their cursor says", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":9`)
		for i := range 5 {
			require.Equal(t, 201, api.acquire(t, id, token, fmt.Sprintf("device-%d", i)).status)
		}
		seen := map[string]bool{}
		cursor := ""
		for range 3 {
			r := api.call(t, "GET", "/v1/licenses/"+id+"/leases?limit=2&cursor="+cursor, admin, "")
			require.Equal(t, 200, r.status, string(r.raw))
			for _, item := range r.body["items"].([]any) {
				seen[item.(map[string]any)["leaseId"].(string)] = true
			}
			cursor = r.text("next")
		}
		assert.Len(t, seen, 5)
		assert.Empty(t, cursor)
		state := api.call(t, "GET", "/v1/licenses/"+id, bob, "")
		assert.EqualValues(t, 5, state.body["seatsInUse"])
		assert.Equal(t, 200, api.call(t, "GET", "/v1/licenses?limit=1", admin, "").status)
	})

	t.Run("the audit trail names who did what from where", func(t *testing.T) {
		t.Parallel()
		id := license(t, `"seats":1`)
		lease := api.call(t, "POST", "/v1/licenses/"+id+"/acquire", token, "", "X-Forwarded-For", "6.6.6.6, 203.0.113.9, 34.1.2.3", "X-Request-Id", "request-1").text("leaseId")
		api.acquire(t, id, bob, "device-2")
		api.release(t, token, lease)
		found := map[string]map[string]any{}
		for _, item := range api.call(t, "GET", "/v1/audit?limit=200", admin, "").body["items"].([]any) {
			if event := item.(map[string]any); event["licenseId"] == id {
				found[event["action"].(string)] = event
			}
		}
		assert.Equal(t, "root", found["license.create"]["user"])
		assert.Equal(t, "ada", found["lease.acquire"]["user"])
		assert.Equal(t, "203.0.113.9", found["lease.acquire"]["address"])
		assert.Equal(t, "request-1", found["lease.acquire"]["requestId"])
		assert.Equal(t, "no_seats_available", found["request.refuse"]["code"])
		assert.Equal(t, "bob", found["request.refuse"]["user"])
		assert.Equal(t, lease, found["lease.release"]["leaseId"])
	})
}

// expire lets the time of a lease of the demo tenant run out.
func (w *fixture) expire(t testing.TB, license, lease string) {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	require.NoError(t, client.ZAddXX(t.Context(), "seats:{demo-1a2b/"+license+"}:leases", goredis.Z{Score: 1, Member: lease}).Err())
}

// ends is when the seat of a lease of the demo tenant becomes free by itself.
func (w *fixture) ends(t testing.TB, license, lease string) time.Time {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	score, err := client.ZScore(t.Context(), "seats:{demo-1a2b/"+license+"}:leases", lease).Result()
	require.NoError(t, err)
	return time.UnixMicro(int64(score))
}

// forgetSeats loses the live state of one licence of the demo tenant.
func (w *fixture) forgetSeats(t testing.TB, license string) {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	prefix := "seats:{demo-1a2b/" + license + "}:"
	deleted, err := client.Del(t.Context(), prefix+"state", prefix+"leases", prefix+"holders", prefix+"devices", prefix+"endings").Result()
	require.NoError(t, err)
	require.NotZero(t, deleted)
}

func TestASuspendedTenantKeepsNoSeatsAlive(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("other-3c4d", "ada"))
	lease := api.acquire(t, "demo", token, "device-1").text("leaseId")
	require.Equal(t, 200, api.heartbeat(t, token, lease).status)

	w.migrate(t, `[{"id":"other-3c4d","name":"other","status":"suspended"}]`)
	assert.Equal(t, "tenant_suspended", api.acquire(t, "demo", token, "device-2").text("code"))
	require.NoError(t, w.service(t).Reap(t.Context()))
	assert.Equal(t, "tenant_suspended", api.heartbeat(t, token, lease).text("code"), "the housekeeping tells the live state")
	assert.Equal(t, 204, api.release(t, token, lease).status, "a seat can always be given back")

	w.migrate(t, `[{"id":"other-3c4d","name":"other","status":"active"}]`)
	assert.Equal(t, 201, api.acquire(t, "demo", token, "device-1").status)
}
