package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// admin is the token of the demo tenant's administrator.
func (w *fixture) admin(t testing.TB) string {
	t.Helper()
	claims := apptest.Claims("demo-1a2b", "root")
	claims["role"] = "admin"
	return w.google.Mint(t, claims)
}

func TestPersonalDataIsExportedErasedAndForgotten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	ada, bob := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), w.google.Mint(t, apptest.Claims("demo-1a2b", "bob"))
	lease := api.acquire(t, "demo", ada, "adas-laptop").text("leaseId")
	kept := api.acquire(t, "demo", bob, "bobs-laptop").text("leaseId")

	export := api.call(t, "POST", "/v1/privacy/export", admin, `{"user":"ada"}`)
	require.Equal(t, 200, export.status)
	assert.Contains(t, string(export.raw), "adas-laptop")
	assert.Contains(t, string(export.raw), "ada@example.com")
	assert.NotRegexp(t, `"bob"|bobs-|bob@`, string(export.raw))
	assert.Equal(t, "validation_failed", api.call(t, "POST", "/v1/privacy/erase", admin, `{}`).text("code"))
	assert.Equal(t, "forbidden", api.call(t, "POST", "/v1/privacy/erase", ada, `{"user":"bob"}`).text("code"))

	erased := api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`)
	require.Equal(t, 200, erased.status, string(erased.raw))
	const traces = `SELECT (SELECT count(*) FROM licensing.lease l WHERE l.user_id = 'ada' OR l::text ~ 'adas-laptop|ada@') + (SELECT count(*) FROM licensing.audit a WHERE a.user_id = 'ada')`
	assert.Zero(t, w.postgres.Count(t, traces))
	assert.NotEqual(t, 200, api.heartbeat(t, ada, lease).status, "the user's lease is over")
	assert.Equal(t, 200, api.heartbeat(t, bob, kept).status)
	assert.NotContains(t, string(api.call(t, "POST", "/v1/privacy/export", admin, `{"user":"ada"}`).raw), "adas-laptop")

	api.release(t, bob, kept)
	w.postgres.Admin(t, `UPDATE licensing.lease SET ended_at = now() - interval '91 days' WHERE user_id = 'bob'`,
		`UPDATE licensing.audit SET at = now() - interval '91 days' WHERE user_id = 'bob'`)
	assert.NotZero(t, w.forget(t))
	assert.Zero(t, w.postgres.Count(t, `SELECT (SELECT count(*) FROM licensing.lease WHERE user_id = 'bob') + (SELECT count(*) FROM licensing.audit WHERE user_id = 'bob')`))
	assert.NotZero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.acquire'`), "what happened stays")
}

func TestAnErasureReachesWhatIsRememberedForIdempotencyKeys(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	ada, bob := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), w.google.Mint(t, apptest.Claims("demo-1a2b", "bob"))
	acquire := func(token, fingerprint string) reply {
		return api.call(t, "POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"`+fingerprint+`"}`, "Idempotency-Key", "one")
	}
	require.Equal(t, 201, acquire(ada, "adas-laptop").status)
	require.Equal(t, 201, acquire(bob, "bobs-laptop").status)
	require.Equal(t, 200, api.call(t, "POST", "/v1/privacy/export", admin, `{"user":"ada"}`, "Idempotency-Key", "two").status)
	require.Equal(t, "true", acquire(ada, "adas-laptop").header.Get("Idempotency-Replayed"))
	require.Len(t, w.remembered(t), 2, "an export is not remembered")

	require.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`).status)
	left := w.remembered(t)
	require.Len(t, left, 1)
	assert.Contains(t, left[0], "answer:{demo-1a2b}:")
	assert.Equal(t, "true", acquire(bob, "bobs-laptop").header.Get("Idempotency-Replayed"), "another user's is kept")
	assert.Equal(t, 201, acquire(ada, "adas-laptop").status, "a new lease")

	require.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"all":true}`).status)
	assert.Empty(t, w.remembered(t))
}

// remembered are the keys of all remembered answers.
func (w *fixture) remembered(t testing.TB) []string {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	keys, err := client.Keys(t.Context(), "answer:*").Result()
	require.NoError(t, err)
	return keys
}

func TestAnErasureReachesWhoGaveALeaseBackLongAgo(t *testing.T) {
	t.Parallel()
	const origins = "seats:{demo-1a2b/demo}:origins"
	for name, leave := range map[string]func(*testing.T, *hooked, app.Lease){
		"an API died between the ledger and the live seats": func(t *testing.T, h *hooked, lease app.Lease) {
			seats := redis.NewSeats(h.client, func(string, time.Duration, error) {})
			ending, err := seats.Free(t.Context(), lease.Ref(), lease.ID, "ada", app.ReasonReleased, app.Origin{User: "ada", Address: "192.0.2.7"}, nil)
			require.NoError(t, err)
			require.NoError(t, h.ledger.End(t.Context(), mine, []app.Ending{ending}))
		},
		"the ending alone was forgotten": func(t *testing.T, h *hooked, lease app.Lease) {
			require.NoError(t, h.Release(t.Context(), ada(), lease.ID))
			require.NoError(t, h.client.HSet(t.Context(), origins, lease.ID+" released", `{"user":"ada","address":"192.0.2.7"}`).Err())
			require.NoError(t, h.client.ZAdd(t.Context(), "housekeeping:named", goredis.Z{Member: mine + "/demo"}).Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
			require.NoError(t, err)
			leave(t, h, g.Lease)
			h.fixture.postgres.Admin(t, `UPDATE licensing.lease SET ended_at = ended_at - interval '1 hour'`)
			require.NoError(t, h.Reap(t.Context()))
			require.EqualValues(t, 1, h.client.Exists(t.Context(), origins).Val(), "the housekeeping no longer looks at the licence")

			_, err = h.Erase(t.Context(), root(), "ada")
			require.NoError(t, err)
			assert.Zero(t, h.client.Exists(t.Context(), origins).Val())
			assert.Zero(t, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE user_id = 'ada' OR address = '192.0.2.7'`))
		})
	}
}

func TestWhatAUserHasMadeUpGoesWithTheUser(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	// Pseudonyms are random digits from 0 to f, and would contain "ada" at times.
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "lovelace"))
	named := []string{"X-Request-Id", "ada.lovelace"}
	api.call(t, "POST", "/v1/licenses/ada-lovelace/acquire", ada, `{"fingerprint":"d"}`, named...)
	api.call(t, "POST", "/v1/leases/ada-lovelace_"+strings.Repeat("a", 26)+"/heartbeat", ada, "", named...)
	api.call(t, "POST", "/v1/leases/demo_adalovelace"+strings.Repeat("a", 15)+"/heartbeat", ada, "", named...)
	api.call(t, "POST", "/v1/licenses/demo/revoke", ada, "", named...)
	lease := api.call(t, "POST", "/v1/licenses/demo/acquire", ada, `{"fingerprint":"d"}`, named...).text("leaseId")
	const traces = `SELECT (SELECT count(*) FROM licensing.audit a WHERE a::text ~ 'lovelace') + (SELECT count(*) FROM licensing.lease l WHERE l::text ~ 'lovelace')`
	require.NotZero(t, w.postgres.Count(t, traces))

	require.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"lovelace"}`).status)
	assert.Zero(t, w.postgres.Count(t, traces))
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'request.refuse' AND license_id = 'demo' AND lease_id = '' AND code = 'forbidden'`),
		"what there is keeps its name")
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.acquire' AND license_id = 'demo' AND lease_id = '`+lease+`'`))
}

func TestALeaseThatIsGrantedDuringAnErasureOfItsUserEndsWithIt(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.create(t, "one")
	var granted app.Grant
	h.ledger.beforeErase = func() {
		var err error
		granted, err = h.Borrow(t.Context(), ada(), "one", "laptop", time.Hour)
		require.NoError(t, err)
	}
	_, err := h.Erase(t.Context(), root(), "ada")
	require.NoError(t, err)
	assert.Zero(t, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
	assert.Zero(t, h.inUse(t, "one"), "a seat that its holder could not give back any more is free")

	// Live seats that are lost meanwhile have none for it either.
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	again, err := h.Acquire(t.Context(), ada(), "one", "laptop")
	require.NoError(t, err)
	assert.NotEqual(t, granted.Lease.ID, again.Lease.ID)
}

// A tenant may have more licences than one request has time to look at.
func TestAnErasureTakesNoLongerForATenantWithManyLicences(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"REQUEST_TIMEOUT": "5s"})
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	w.postgres.Admin(t, `INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds)
		SELECT 'demo-1a2b', 'license-' || n, 'p', 1, 300, 100 FROM generate_series(1, 30000) n`)
	require.Equal(t, 201, api.acquire(t, "license-29999", ada, "adas-laptop").status)
	erased := api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`)
	require.Equal(t, 200, erased.status, string(erased.raw))
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease l WHERE ended_at IS NULL OR l::text ~ 'ada'`))
}

func TestAnAnswerThatIsGivenDuringAnErasureOfItsUserIsForgotten(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	answers := redis.NewAnswers(h.client, func(string, time.Duration, error) {})
	begin := func(key string) {
		earlier, err := answers.Begin(t.Context(), ada(), key, "take a seat")
		require.NoError(t, err)
		require.Nil(t, earlier)
	}
	finish := func(key string) {
		require.NoError(t, answers.Finish(t.Context(), ada(), key, "take a seat", app.Answer{Status: 201, Body: []byte("adas-laptop")}, time.Hour))
	}
	begin("begun before")
	h.ledger.beforeErase = func() {
		begin("begun and answered meanwhile")
		finish("begun and answered meanwhile")
	}
	_, err := h.Erase(t.Context(), root(), "ada")
	require.NoError(t, err)
	finish("begun before")
	assert.Empty(t, h.fixture.remembered(t))
}

func TestALargeTenantIsExportedInPartsAndErasedInSteps(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	const leases, events = 12_001, 11_000
	w.postgres.Admin(t, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, id, license_id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at, ended_at, end_reason)
			SELECT 'demo-1a2b', 'demo_' || lpad(translate(n::text, '0123456789', 'abcdefghij'), 26, 'a'), 'demo', 'floating', 'device-' || n, 'user-' || n, 'u@example.com', '192.0.2.1', now(), now(), now(), now(), 'released' FROM generate_series(1, %d) n`, leases),
		fmt.Sprintf(`INSERT INTO licensing.audit (tenant_id, user_id, address, action) SELECT 'demo-1a2b', 'user-' || n, '192.0.2.1', 'lease.acquire' FROM generate_series(1, %d) n`, events))

	seen, told, parts, body := map[any]bool{}, map[any]bool{}, 0, `{"all":true}`
	for body != "" {
		part := api.call(t, "POST", "/v1/privacy/export", admin, body)
		require.Equal(t, 200, part.status, string(part.raw))
		for _, lease := range part.body["leases"].([]any) {
			seen[lease.(map[string]any)["leaseId"]] = true
		}
		for _, event := range part.body["audit"].([]any) {
			told[event.(map[string]any)["id"]] = true
		}
		parts++
		body = ""
		if next := part.text("next"); next != "" {
			body = `{"all":true,"cursor":"` + next + `"}`
		}
	}
	assert.Len(t, seen, leases)
	assert.Len(t, told, events+parts-1, "the exports' own events are among them")
	assert.Equal(t, 3, parts)
	refused := api.call(t, "POST", "/v1/privacy/export", admin, `{"all":true,"cursor":"elsewhere"}`)
	assert.Equal(t, "validation_failed", refused.text("code"))
	assert.Contains(t, string(refused.raw), "body.cursor")

	erased := api.call(t, "POST", "/v1/privacy/erase", admin, `{"all":true}`)
	require.Equal(t, 200, erased.status, string(erased.raw))
	assert.EqualValues(t, leases+events+parts+1, erased.body["changed"], "the events of the exports, and of the refused one, are erased too")
	assert.Zero(t, w.postgres.Count(t, `SELECT (SELECT count(*) FROM licensing.lease WHERE user_id LIKE 'user-%' OR address <> '') + (SELECT count(*) FROM licensing.audit WHERE user_id LIKE 'user-%')`))
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'privacy.erase' AND user_id = 'root'`))
}

func TestAnErasureThatDoesNotFitIntoOneRequestSaysSoAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	hasty, api := w.serve(t, map[string]string{"REQUEST_TIMEOUT": "1s"}), w.serve(t, nil)
	admin := w.admin(t)
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	api.release(t, ada, api.acquire(t, "demo", ada, "adas-laptop").text("leaseId"))
	// Somebody holds a row, so that the erasure's time runs out.
	ctx := t.Context()
	holder := w.hold(t)
	_, err := holder.Exec(ctx, `SELECT set_config('licensing.tenant', 'demo-1a2b', true)`)
	require.NoError(t, err)
	_, err = holder.Exec(ctx, `SELECT FROM licensing.lease WHERE user_id = 'ada' FOR UPDATE`)
	require.NoError(t, err)
	refused := hasty.once(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`)
	assert.Equal(t, 503, refused.status)
	assert.Contains(t, refused.text("detail"), "send it again")
	assert.NotEmpty(t, refused.header.Get("Retry-After"))

	require.NoError(t, holder.Rollback(ctx))
	assert.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`).status)
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE user_id = 'ada'`))
}
