package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// trail is what the audit trail says about a request: user, action, licence, lease, code
// and detail of each of its rows.
func (w *fixture) trail(t testing.TB, request string) string {
	t.Helper()
	return w.postgres.Text(t, `SELECT coalesce(string_agg(concat_ws('|', user_id, action, license_id, lease_id, code, detail), E'\n' ORDER BY id), '') FROM licensing.audit WHERE request_id = $1`, request)
}

func TestEveryRefusalIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	ada, bob := w.google.Mint(t, apptest.Claims(mine, "ada")), w.google.Mint(t, apptest.Claims(mine, "bob"))
	carol := w.google.Mint(t, apptest.Claims(mine, "carol"))
	lease := api.acquire(t, "demo", ada, "laptop").text("leaseId")
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin, `{"id":"x","product":"p","seats":1}`).status)
	suspended := api.acquire(t, "x", ada, "laptop").text("leaseId")
	require.Equal(t, 200, api.call(t, "POST", "/v1/licenses/x/suspend", admin, "").status)
	absent := app.NewLeaseID("demo")
	n := 0
	for name, c := range map[string]struct{ token, method, path, body, trail string }{
		"an acquire of a suspended licence": {ada, "POST", "/v1/licenses/x/acquire", `{"fingerprint":"y"}`, "ada|request.refuse|x||license_suspended|POST /v1/licenses/{license_id}/acquire"},
		"a bad fingerprint":                 {ada, "POST", "/v1/licenses/demo/acquire", `{"fingerprint":"a b"}`, "ada|request.refuse|demo||validation_failed|POST /v1/licenses/{license_id}/acquire"},
		"a body that is no JSON":            {ada, "POST", "/v1/licenses/demo/acquire", `{`, "ada|request.refuse|demo||malformed_request|POST /v1/licenses/{license_id}/acquire"},
		"a licence that there is not":       {ada, "POST", "/v1/licenses/none/acquire", `{}`, "ada|request.refuse|none||license_not_found|POST /v1/licenses/{license_id}/acquire"},
		"a licence that there cannot be":    {bob, "POST", "/v1/licenses/NONE/acquire", `{}`, "bob|request.refuse|||license_not_found|POST /v1/licenses/{license_id}/acquire"},
		"a borrow that is not allowed":      {ada, "POST", "/v1/licenses/big/borrow", `{"fingerprint":"y","durationSeconds":60}`, "ada|request.refuse|big||borrow_not_allowed|POST /v1/licenses/{license_id}/borrow"},
		"a user who revokes a licence":      {bob, "POST", "/v1/licenses/demo/revoke", "", "bob|request.refuse|demo||forbidden|POST /v1/licenses/{license_id}/revoke"},
		"a user who creates a licence":      {bob, "POST", "/v1/licenses", `{"id":"y","product":"p","seats":1}`, "bob|request.refuse|||forbidden|POST /v1/licenses"},
		"a user who takes a lease away":     {bob, "POST", "/v1/leases/" + lease + "/force-release", "", "bob|request.refuse|demo|" + lease + "|forbidden|POST /v1/leases/{lease_id}/force-release"},
		"a user who reads the audit trail":  {bob, "GET", "/v1/audit", "", "bob|request.refuse|||forbidden|GET /v1/audit"},
		"a user who exports":                {bob, "POST", "/v1/privacy/export", `{"all":true}`, "bob|request.refuse|||forbidden|POST /v1/privacy/export"},
		"a user who erases":                 {bob, "POST", "/v1/privacy/erase", `{"all":true}`, "bob|request.refuse|||forbidden|POST /v1/privacy/erase"},
		"a release of another's lease":      {bob, "POST", "/v1/leases/" + lease + "/release", "", "bob|request.refuse|demo|" + lease + "|not_lease_holder|POST /v1/leases/{lease_id}/release"},
		"a heartbeat for another's lease":   {bob, "POST", "/v1/leases/" + lease + "/heartbeat", "", "bob|request.refuse|demo|" + lease + "|not_lease_holder|POST /v1/leases/{lease_id}/heartbeat"},
		"a heartbeat with a body":           {carol, "POST", "/v1/leases/" + lease + "/heartbeat", "{}", "carol|request.refuse|demo|" + lease + "|not_lease_holder|POST /v1/leases/{lease_id}/heartbeat"},
		"a heartbeat of a suspended one":    {ada, "POST", "/v1/leases/" + suspended + "/heartbeat", "", "ada|request.refuse|x|" + suspended + "|license_suspended|POST /v1/leases/{lease_id}/heartbeat"},
		"a lease that there is not":         {ada, "POST", "/v1/leases/" + absent + "/release", "", "ada|request.refuse|demo|" + absent + "|lease_not_found|POST /v1/leases/{lease_id}/release"},
		"a licence made twice":              {admin, "POST", "/v1/licenses", `{"id":"x","product":"p","seats":1}`, "root|request.refuse|||license_exists|POST /v1/licenses"},
	} {
		n++
		id := fmt.Sprintf("refusal-%d", n)
		r := api.call(t, c.method, c.path, c.token, c.body, "X-Request-Id", id)
		require.GreaterOrEqual(t, r.status, 400, name)
		assert.Equal(t, c.trail, w.trail(t, id), name)
	}
	// What is refused before the operation sees it was asked for all the same.
	for name, c := range map[string]struct{ kind, key, body, code string }{
		"a body of another kind":   {"text/plain", "", "x", "unsupported_media_type"},
		"a body that is too large": {"application/json", "", strings.Repeat(" ", 65<<10), "body_too_large"},
		"a key that is too long":   {"application/json", strings.Repeat("k", 256), "{}", "validation_failed"},
		"a key of another request": {"application/json", "one", `{"fingerprint":"z"}`, "idempotency_key_reused"},
	} {
		user := w.google.Mint(t, apptest.Claims(mine, c.code))
		if c.key == "one" {
			require.Equal(t, 201, api.call(t, "POST", "/v1/licenses/big/acquire", user, `{"fingerprint":"y"}`, "Idempotency-Key", c.key).status)
		}
		r := api.call(t, "POST", "/v1/licenses/demo/acquire", user, c.body, "Content-Type", c.kind, "Idempotency-Key", c.key, "X-Request-Id", "early-"+c.code)
		assert.Equal(t, c.code, r.text("code"), name)
		assert.Equal(t, c.code+"|request.refuse|demo||"+c.code+"|POST /v1/licenses/{license_id}/acquire", w.trail(t, "early-"+c.code), name)
	}
	// An address that is nothing, and who is nobody, ask for nothing that could be refused.
	api.call(t, "GET", "/v1/none", ada, "", "X-Request-Id", "nothing")
	api.call(t, "POST", "/v1/licenses/demo/acquire", "rubbish", "", "X-Request-Id", "nobody")
	stranger := w.google.Mint(t, apptest.Claims("stranger-9z", "eve"))
	assert.Equal(t, "unknown_tenant", api.call(t, "POST", "/v1/licenses/demo/acquire", stranger, `{}`, "X-Request-Id", "stranger").text("code"))
	assert.Empty(t, w.trail(t, "nothing")+w.trail(t, "nobody")+w.trail(t, "stranger"))
}

func TestEveryActIsInTheAuditTrailWithWhatItChanged(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	does := func(token, path, body, trail string) reply {
		t.Helper()
		id := "act-" + fmt.Sprint(time.Now().UnixNano())
		r := api.call(t, "POST", path, token, body, "X-Request-Id", id)
		require.Less(t, r.status, 300, string(r.raw))
		if trail != "" {
			assert.Equal(t, trail, w.trail(t, id), path)
		}
		return r
	}
	does(admin, "/v1/licenses", `{"id":"one","product":"p","seats":2,"maxBorrowSeconds":3600,"metadata":{"order":"17"}}`,
		"root|license.create|one|||product p, seats 2, status active, leaseSeconds 300, heartbeatSeconds 100, maxBorrowSeconds 3600, overage 1, metadata")
	does(admin, "/v1/licenses/one/update", `{"seats":3,"overage":1.5}`, "root|license.update|one|||seats 2 -> 3, overage 1 -> 1.5")
	does(admin, "/v1/licenses/one/update", `{"metadata":{"order":"18"}}`, "root|license.update|one|||metadata")
	does(admin, "/v1/licenses/one/suspend", "", "root|license.suspend|one|||status active -> suspended")
	does(admin, "/v1/licenses/one/reinstate", "", "root|license.reinstate|one|||status suspended -> active")
	lease := does(ada, "/v1/licenses/one/acquire", `{"fingerprint":"a"}`, "").text("leaseId")
	does(ada, "/v1/licenses/one/borrow", `{"fingerprint":"a","durationSeconds":60}`, "ada|lease.borrow|one|"+lease+"||extended")
	does(ada, "/v1/licenses/one/acquire", `{"fingerprint":"a"}`, "ada|lease.acquire|one|"+lease+"||extended")
	does(ada, "/v1/leases/"+lease+"/release", "", "ada|lease.release|one|"+lease+"||")
	does(ada, "/v1/leases/"+lease+"/release", "", "")
	taken := does(ada, "/v1/licenses/one/acquire", `{"fingerprint":"a"}`, "").text("leaseId")
	does(admin, "/v1/leases/"+taken+"/force-release", "", "root|lease.force_release|one|"+taken+"||")
	does(admin, "/v1/licenses/one/revoke", "", "root|license.revoke|one|||status active -> revoked")

	one := does(admin, "/v1/privacy/export", `{"user":"ada"}`, "")
	all := does(admin, "/v1/privacy/export", `{"all":true}`, "")
	assert.Contains(t, w.trail(t, one.header.Get("X-Request-Id")), "root|privacy.export||||user sha256:")
	assert.Equal(t, "root|privacy.export||||all users", w.trail(t, all.header.Get("X-Request-Id")))
	gone, kept := does(admin, "/v1/privacy/erase", `{"user":"ada"}`, ""), does(admin, "/v1/privacy/erase", `{"user":"bob"}`, "")
	assert.Equal(t, w.trail(t, one.header.Get("X-Request-Id"))[len("root|privacy.export"):], w.trail(t, gone.header.Get("X-Request-Id"))[len("root|privacy.erase"):], "the same user has the same digest")
	assert.NotEqual(t, w.trail(t, gone.header.Get("X-Request-Id")), w.trail(t, kept.header.Get("X-Request-Id")))

	w.migrate(t, `[{"id":"demo-1a2b","name":"demo","status":"suspended","licenses":[{"id":"demo","product":"coditect-ide","seats":9,"leaseSeconds":60,"maxBorrowSeconds":86400}]}]`)
	assert.Contains(t, w.trail(t, ""), "|tenant.declare||||name demo -> demo, status active -> suspended")
	assert.Contains(t, w.trail(t, ""), "|license.declare|demo|||seats 5 -> 9")
	before := w.trail(t, "")
	w.migrate(t, `[{"id":"demo-1a2b","name":"demo","status":"suspended","licenses":[{"id":"demo","product":"coditect-ide","seats":9,"leaseSeconds":60,"maxBorrowSeconds":86400}]}]`)
	assert.Equal(t, before, w.trail(t, ""), "what changes nothing is not written down")
}

func TestAReleaseWhileTheLedgerIsAwayIsInTheAuditTrailLater(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims(mine, "ada"))
	given, taken := api.acquire(t, "demo", ada, "laptop").text("leaseId"), api.acquire(t, "demo", ada, "desk").text("leaseId")
	admin := w.admin(t)
	w.postgres.Stop(t)
	require.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+given+"/release", ada, "", "X-Request-Id", "given", "X-Forwarded-For", "203.0.113.9, 34.1.2.3").status)
	require.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+taken+"/force-release", admin, "", "X-Request-Id", "taken").status)
	w.postgres.Start(t)
	assert.Empty(t, w.trail(t, "given"))
	for range 2 { // the second time there is nothing left to write
		require.NoError(t, w.service(t).Reap(t.Context()))
	}
	assert.Equal(t, "ada|lease.release|demo|"+given+"||", w.trail(t, "given"))
	assert.Equal(t, "root|lease.force_release|demo|"+taken+"||", w.trail(t, "taken"))
	assert.Equal(t, "203.0.113.9", w.postgres.Text(t, `SELECT address FROM licensing.audit WHERE request_id = 'given'`))
	client := w.redis.Client()
	defer client.Close()
	assert.Zero(t, client.Exists(t.Context(), "seats:{demo-1a2b/demo}:endings", "seats:{demo-1a2b/demo}:origins").Val(), "nobody's name stays behind")
}

func TestAnExpiryIsInTheAuditTrailOnceWhoeverFindsIt(t *testing.T) {
	t.Parallel()
	expiries := func(t *testing.T, h *hooked) int {
		return h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.expire' AND user_id = ''`)
	}
	for name, find := range map[string]func(*testing.T, *hooked, app.Lease){
		"an acquire": func(t *testing.T, h *hooked, _ app.Lease) {
			_, err := h.Acquire(t.Context(), ada(), "demo", "desk")
			require.NoError(t, err)
		},
		"the housekeeping, many times at once": func(t *testing.T, h *hooked, _ app.Lease) {
			done := make(chan error)
			for range 4 {
				go func() { done <- h.Reap(context.Background()) }()
			}
			for range 4 {
				require.NoError(t, await.Receive(t, done))
			}
		},
		"the comparison with the ledger": func(t *testing.T, h *hooked, lease app.Lease) {
			key := "seats:{demo-1a2b/demo}:"
			require.NoError(t, h.client.ZRem(t.Context(), key+"leases", lease.ID).Err())
			h.fixture.postgres.Admin(t, `UPDATE licensing.lease SET seated_at = seated_at - interval '1 minute'`, `UPDATE licensing.seating SET at = at - interval '1 minute'`)
			require.NoError(t, h.Reap(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
			require.NoError(t, err)
			h.expire(t, g.Lease)
			find(t, h, g.Lease)
			assert.Equal(t, 1, expiries(t, h))
			require.NoError(t, h.Reap(t.Context()))
			assert.Equal(t, 1, expiries(t, h))
		})
	}
}

func TestARevivalIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	for name, reaped := range map[string]bool{"whose seat was still there": false, "whose seat was reclaimed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
			require.NoError(t, err)
			h.expire(t, g.Lease)
			if reaped {
				require.NoError(t, h.Reap(t.Context()))
			}
			extended, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID)
			require.NoError(t, err)
			require.True(t, extended.Revived)
			assert.Equal(t, 1, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.revive' AND user_id = 'ada' AND lease_id = $1`, g.Lease.ID))
		})
	}
}

func TestARunningServerForgetsOnItsOwn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	before := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims(mine, "ada"))
	over, open := before.acquire(t, "demo", ada, "old-laptop").text("leaseId"), before.acquire(t, "demo", ada, "laptop").text("leaseId")
	before.release(t, ada, over)
	w.postgres.Admin(t, `UPDATE licensing.lease SET ended_at = ended_at - interval '91 days' WHERE ended_at IS NOT NULL`,
		`UPDATE licensing.audit SET at = at - interval '91 days'`)
	w.serve(t, map[string]string{"REAP_INTERVAL": "1s"})
	await.True(t, func() bool {
		return w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'privacy.pseudonymise' AND tenant_id = $1`, mine) == 1
	})
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id = 'ada'`))
	assert.Equal(t, "laptop", w.postgres.Text(t, `SELECT fingerprint FROM licensing.lease WHERE id = $1`, open), "a lease that is open is somebody's still")
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE user_id = 'ada'`))
}
