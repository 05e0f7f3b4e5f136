package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/client/leap"
	"github.com/coditect-ai/license-platform/app/credential"
	"github.com/coditect-ai/license-platform/app/server"
)

// timedBy lets an instance tell the time by a clock that the test moves on.
func timedBy(clock *leap.Clock) func(*server.Serve) {
	return func(s *server.Serve) { s.Now = clock.Now }
}

// credential makes a service credential for the licence demo, and returns its id and secret.
func (in *instance) credential(t testing.TB, admin, name string) (id, secret string) {
	t.Helper()
	made := in.call(t, "POST", "/v1/credentials", admin, `{"name":"`+name+`","licenses":["demo"]}`)
	require.Equal(t, 201, made.status, string(made.raw))
	return made.text("id"), made.text("secret")
}

func TestACredentialHoldsASeatWithoutAPerson(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"LOG_LEVEL": "debug"})
	admin := w.admin(t)
	id, secret := api.credential(t, admin, "build servers")
	assert.True(t, strings.HasPrefix(secret, "license_credential_demo-1a2b_"+id+"_"))
	require.Len(t, secret, len("license_credential_demo-1a2b_"+id+"_")+52)

	lease := api.acquire(t, "demo", secret, "runner").text("leaseId")
	require.NotEmpty(t, lease)
	assert.Equal(t, 200, api.heartbeat(t, secret, lease).status)
	assert.Equal(t, 200, api.call(t, "GET", "/v1/licenses/demo", secret, "").status)
	leases := api.call(t, "GET", "/v1/licenses/demo/leases", admin, "")
	assert.Contains(t, string(leases.raw), `"user":"credential:`+id+`"`)
	assert.Equal(t, "credential:"+id+"|lease.acquire", w.postgres.Text(t, `SELECT concat_ws('|', user_id, action) FROM licensing.audit WHERE lease_id = $1`, lease))
	ada := w.google.Mint(t, apptest.Claims(mine, "ada"))
	assert.Equal(t, "not_lease_holder", api.release(t, ada, lease).text("code"), "nobody else is its holder")
	assert.Equal(t, 204, api.release(t, secret, lease).status)

	listed := api.call(t, "GET", "/v1/credentials", admin, "")
	assert.Contains(t, string(listed.raw), `"lastUsedAt"`)
	hidden := secret[len(secret)-52:]
	assert.NotContains(t, string(listed.raw)+w.log.String()+w.rowsOf(t, mine), hidden, "the secret is kept nowhere")
	assert.Equal(t, "root|credential.create|credential "+id+", licences demo, expiresAt never",
		w.postgres.Text(t, `SELECT concat_ws('|', user_id, action, detail) FROM licensing.audit WHERE action = 'credential.create'`))
}

func TestACredentialMayNotDoMoreThanUseItsLicences(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	id, secret := api.credential(t, admin, "ci")
	foreign := api.acquire(t, "big", w.google.Mint(t, apptest.Claims(mine, "ada")), "x").text("leaseId")
	for what, r := range map[string]reply{
		"acquire":           api.acquire(t, "big", secret, "x"),
		"acquire of none":   api.acquire(t, "none", secret, "x"),
		"borrow":            api.call(t, "POST", "/v1/licenses/big/borrow", secret, `{"fingerprint":"x","durationSeconds":60}`),
		"heartbeat":         api.heartbeat(t, secret, foreign),
		"heartbeat of none": api.heartbeat(t, secret, app.NewLeaseID("none")),
		"release":           api.release(t, secret, foreign),
		"read":              api.call(t, "GET", "/v1/licenses/big", secret, ""),
	} {
		assert.Equal(t, 403, r.status, what)
		assert.Equal(t, "credential_not_for_license", r.text("code"), what)
	}
	for _, call := range [][3]string{
		{"GET", "/v1/licenses"},
		{"POST", "/v1/licenses", `{"id":"x","product":"p","seats":1}`},
		{"POST", "/v1/licenses/demo/update", `{"seats":9}`},
		{"POST", "/v1/licenses/demo/suspend"},
		{"POST", "/v1/licenses/demo/revoke"},
		{"GET", "/v1/licenses/demo/leases"},
		{"GET", "/v1/audit"},
		{"POST", "/v1/leases/" + foreign + "/force-release"},
		{"POST", "/v1/privacy/export", `{"all":true}`},
		{"POST", "/v1/privacy/erase", `{"all":true}`},
		{"POST", "/v1/credentials", `{"name":"x","licenses":["demo"]}`},
		{"GET", "/v1/credentials"},
		{"POST", "/v1/credentials/" + id + "/revoke"},
	} {
		assert.Equal(t, "forbidden", api.call(t, call[0], call[1], secret, call[2]).text("code"), call)
	}
	claims := apptest.Claims(theirs, "root")
	claims["role"] = "admin"
	assert.Equal(t, "credential_not_found", api.call(t, "POST", "/v1/credentials/"+id+"/revoke", w.google.Mint(t, claims), "").text("code"), "it is another tenant's")
	moved := strings.Replace(secret, mine, theirs, 1)
	assert.Equal(t, "invalid_token", api.acquire(t, "demo", moved, "x").text("code"))
	// A person who calls themselves a credential is none.
	assert.Equal(t, "invalid_token", api.acquire(t, "demo", w.google.Mint(t, apptest.Claims(mine, "credential:"+id)), "x").text("code"))
}

func TestAnInvalidCredentialIsAnsweredAsAnInvalidToken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	_, secret := api.credential(t, w.admin(t), "ci")
	want := api.call(t, "POST", "/v1/licenses/demo/acquire", "rubbish", "", "X-Request-Id", "x")
	require.Equal(t, 401, want.status)
	want.header.Del("Date")
	for what, text := range map[string]string{
		"another secret":   secret[:len(secret)-1] + string('a'+(secret[len(secret)-1]-'a'+1)%2),
		"another id":       strings.Replace(secret, "demo-1a2b_", "demo-1a2b_"+"a", 1),
		"an unknown one":   "license_credential_demo-1a2b_" + strings.Repeat("a", 26) + "_" + strings.Repeat("a", 52),
		"no such tenant":   "license_credential_nobody_" + strings.Repeat("a", 26) + "_" + strings.Repeat("a", 52),
		"no form":          "license_credential_",
		"the secret alone": secret[len(secret)-52:],
	} {
		got := api.call(t, "POST", "/v1/licenses/demo/acquire", text, "", "X-Request-Id", "x")
		got.header.Del("Date")
		assert.Equal(t, string(want.raw), string(got.raw), what)
		assert.Equal(t, want.header, got.header, what)
	}
}

func TestARevokedCredentialEndsOnEveryInstance(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	clock := leap.New()
	one, two := w.serve(t, nil, timedBy(clock)), w.serve(t, nil, timedBy(clock))
	admin := w.admin(t)
	id, secret := one.credential(t, admin, "ci")
	lease := one.acquire(t, "demo", secret, "runner").text("leaseId")
	for _, api := range []*instance{one, two} {
		require.Equal(t, 200, api.heartbeat(t, secret, lease).status)
	}
	for range 2 {
		revoked := one.call(t, "POST", "/v1/credentials/"+id+"/revoke", admin, "")
		require.Equal(t, 200, revoked.status)
		assert.NotEmpty(t, revoked.text("revokedAt"))
	}
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'credential.revoke' AND user_id = 'root' AND detail = $1`, "credential "+id))
	clock.On(credential.Fresh)
	for _, api := range []*instance{one, two} {
		assert.Equal(t, "invalid_token", api.heartbeat(t, secret, lease).text("code"))
	}
	// Its name is free again.
	again, _ := one.credential(t, admin, "ci")
	assert.NotEqual(t, id, again)
	_, err := w.pool(t, apptest.APIRole).Exec(t.Context(), `SELECT set_config('licensing.tenant', 'demo-1a2b', false)`)
	require.NoError(t, err)
	assert.Equal(t, "credential_not_found", one.call(t, "POST", "/v1/credentials/"+strings.Repeat("a", 26)+"/revoke", admin, "").text("code"))
	assert.Equal(t, "credential_not_found", one.call(t, "POST", "/v1/credentials/x/revoke", admin, "").text("code"))
}

func TestASuspendedTenantsCredentialsStop(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	claims := apptest.Claims(theirs, "root")
	claims["role"] = "admin"
	admin := w.google.Mint(t, claims)
	id, secret := api.credential(t, admin, "ci")
	lease := api.acquire(t, "demo", secret, "runner").text("leaseId")
	w.suspend(t)
	w.redis.Flush(t)
	for what, r := range map[string]reply{
		"acquire":   api.acquire(t, "demo", secret, "runner"),
		"heartbeat": api.heartbeat(t, secret, lease),
		"read":      api.call(t, "GET", "/v1/licenses/demo", secret, ""),
		"list":      api.call(t, "GET", "/v1/credentials", admin, ""),
		"create":    api.call(t, "POST", "/v1/credentials", admin, `{"name":"x","licenses":["demo"]}`),
	} {
		assert.Equal(t, "tenant_suspended", r.text("code"), what)
	}
	assert.Equal(t, 204, api.release(t, secret, lease).status)
	assert.Equal(t, 200, api.call(t, "POST", "/v1/credentials/"+id+"/revoke", admin, "").status)
}

func TestATenantHasABoundedNumberOfCredentials(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	make := func(body string) string {
		return api.call(t, "POST", "/v1/credentials", admin, body, "Idempotency-Key", "one").text("code")
	}
	assert.Empty(t, make(`{"name":"ci","licenses":["demo","big","demo"]}`))
	assert.Equal(t, "credential_exists", make(`{"name":"ci","licenses":["demo"]}`), "no secret is remembered for an Idempotency-Key")
	assert.Empty(t, w.remembered(t))
	assert.Equal(t, "license_not_found", make(`{"name":"none","licenses":["demo","none"]}`))
	for _, body := range []string{
		`{"name":"","licenses":["demo"]}`, `{"name":"a\u0000","licenses":["demo"]}`, `{"name":"x","licenses":[]}`, `{"name":"x","licenses":["A"]}`, `{"name":"x"}`,
		`{"name":"x","licenses":["demo"],"expiresAt":"2020-01-01T00:00:00Z"}`, `{"name":"x","licenses":["demo"],"role":"admin"}`,
	} {
		assert.Equal(t, "validation_failed", make(body), body)
	}
	fill := func(prefix, ends string, n int) {
		w.postgres.Admin(t, fmt.Sprintf(`INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses, expires_at)
			SELECT 'demo-1a2b', '%[1]s' || n, '%[1]s' || n, sha256(''), '{demo}', %[2]s FROM generate_series(1, %[3]d) n`, prefix, ends, n))
	}
	fill("over", "now() - n * interval '1 minute'", 150)
	fill("more", "NULL", app.MaxCredentials-2)
	assert.Empty(t, make(`{"name":"last","licenses":["demo"]}`))
	assert.Equal(t, app.MaxEndedCredentials, w.postgres.Count(t, `SELECT count(*) FROM licensing.credential WHERE expires_at <= now()`), "the oldest that are over are forgotten")
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.credential WHERE id = 'over1'`))
	assert.Equal(t, "too_many_credentials", make(`{"name":"one more","licenses":["demo"]}`))
	seen := 0
	for cursor := ""; ; {
		page := api.call(t, "GET", "/v1/credentials?limit=200&cursor="+cursor, admin, "")
		items, _ := page.body["items"].([]any)
		seen += len(items)
		if cursor = page.text("next"); cursor == "" || page.status != 200 {
			break
		}
	}
	assert.GreaterOrEqual(t, seen, app.MaxCredentials)
}

func TestACredentialThatIsOverIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	made := api.call(t, "POST", "/v1/credentials", w.admin(t), `{"name":"ci","licenses":["demo"],"expiresAt":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)+`"}`)
	require.Equal(t, 201, made.status)
	w.postgres.Admin(t, `UPDATE licensing.credential SET expires_at = expires_at - interval '1 hour'`)
	assert.Equal(t, "invalid_token", api.acquire(t, "demo", made.text("secret"), "runner").text("code"))
}

func TestACredentialsLeasesAreExportedAndErasedWithoutAPerson(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	id, secret := api.credential(t, admin, "ci")
	require.Equal(t, 201, api.acquire(t, "demo", secret, "runner-7").status)
	one := api.call(t, "POST", "/v1/privacy/export", admin, `{"user":"credential:`+id+`"}`)
	assert.Contains(t, string(one.raw), "runner-7")
	assert.NotContains(t, string(one.raw), `"email"`)
	assert.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"all":true}`).status)
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id LIKE 'credential:%' OR ended_at IS NULL`))
	assert.Equal(t, 201, api.acquire(t, "demo", secret, "runner-7").status, "the credential itself is no personal data")
}

func TestACredentialThatNobodyCouldCheckKeepsWhatItHasAndGetsNoMore(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	who := app.Credential{Tenant: mine, ID: strings.Repeat("a", 26), Licenses: []string{"demo"}}.Principal()
	g, err := h.Acquire(t.Context(), who, "demo", "runner")
	require.NoError(t, err)
	who.Unchecked = true
	_, err = h.Heartbeat(t.Context(), who, g.Lease.ID)
	require.NoError(t, err)
	_, err = h.Acquire(t.Context(), who, "demo", "another")
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	h.expire(t, g.Lease)
	require.NoError(t, h.Reap(t.Context()))
	_, err = h.Heartbeat(t.Context(), who, g.Lease.ID)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err), "a lease that is over is not revived")
	require.NoError(t, h.Release(t.Context(), who, g.Lease.ID))
}

func TestASecretIsChangedWhileItsSeatIsHeld(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	clock := leap.New()
	api := w.serve(t, nil, timedBy(clock))
	admin := w.admin(t)
	first, before := api.credential(t, admin, "runner 1")
	lease := api.acquire(t, "demo", before, "runner").text("leaseId")
	replace := func(admin, name, id string) reply {
		return api.call(t, "POST", "/v1/credentials", admin, `{"name":"`+name+`","licenses":["demo"],"replaces":"`+id+`"}`)
	}
	made := replace(admin, "runner 2", first)
	require.Equal(t, 201, made.status, string(made.raw))
	second, after := made.text("id"), made.text("secret")
	assert.Equal(t, "credential:"+first, made.text("user"))
	for _, secret := range []string{before, after} {
		assert.Equal(t, 200, api.heartbeat(t, secret, lease).status, "both are good until the first one is revoked")
	}
	assert.Equal(t, 200, api.acquire(t, "demo", after, "runner").status, "it is the same holder's")
	require.Equal(t, 200, api.call(t, "POST", "/v1/credentials/"+first+"/revoke", admin, "").status)
	clock.On(credential.Fresh)
	assert.Equal(t, 401, api.heartbeat(t, before, lease).status)
	assert.Equal(t, 200, api.heartbeat(t, after, lease).status)

	// One that was revoked can be replaced, as when its secret was seen by others; and so on.
	third := replace(admin, "runner 3", first)
	fourth := replace(admin, "runner 4", second)
	for _, r := range []reply{third, fourth} {
		require.Equal(t, 201, r.status, string(r.raw))
		assert.Equal(t, lease, api.acquire(t, "demo", r.text("secret"), "runner").text("leaseId"))
	}
	_, stranger := api.credential(t, admin, "another")
	assert.Equal(t, "not_lease_holder", api.heartbeat(t, stranger, lease).text("code"))
	assert.Equal(t, "root|credential "+second+", licences demo, expiresAt never, replaces "+first,
		w.postgres.Text(t, `SELECT concat_ws('|', user_id, detail) FROM licensing.audit WHERE action = 'credential.create' AND detail LIKE '%'||$1||'%' ORDER BY id LIMIT 1`, second))

	theirs := apptest.Claims(theirs, "root")
	theirs["role"] = "admin"
	foreign := api.call(t, "POST", "/v1/credentials", w.google.Mint(t, theirs), `{"name":"x","licenses":["demo"],"replaces":"`+first+`"}`)
	assert.Equal(t, "credential_not_found", foreign.text("code"), "another tenant's is none: %s", foreign.raw)
	assert.Equal(t, "credential_not_found", replace(admin, "runner 5", strings.Repeat("a", 26)).text("code"))
	assert.Equal(t, "validation_failed", replace(admin, "runner 5", "x").text("code"))
	assert.Equal(t, 204, api.release(t, fourth.text("secret"), lease).status)
}

// The two are one user, and so share their Idempotency-Keys, but need not be for the same licences.
func TestACredentialThatReplacesAnotherGetsNoAnswerAboutALicenceThatItIsNotFor(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	first, before := api.credential(t, admin, "runner 1")
	acquire := func(secret string) reply {
		return api.call(t, "POST", "/v1/licenses/demo/acquire", secret, `{"fingerprint":"runner"}`, "Idempotency-Key", "one")
	}
	require.Equal(t, 201, acquire(before).status)
	made := api.call(t, "POST", "/v1/credentials", admin, `{"name":"runner 2","licenses":["big"],"replaces":"`+first+`"}`)
	require.Equal(t, 201, made.status, string(made.raw))

	refused := acquire(made.text("secret"))
	assert.Equal(t, "credential_not_for_license", refused.text("code"), string(refused.raw))
	assert.Equal(t, "true", acquire(before).header.Get("Idempotency-Replayed"))
}
