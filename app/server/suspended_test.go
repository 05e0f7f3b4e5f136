package server_test

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// suspend suspends the other tenant.
func (w *fixture) suspend(t testing.TB) {
	t.Helper()
	w.migrate(t, `[{"id":"other-3c4d","name":"other","status":"suspended"}]`)
}

func TestASuspendedTenantMayGiveBackExportAndEraseAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	claims := apptest.Claims(theirs, "root")
	claims["role"] = "admin"
	admin, ada := w.google.Mint(t, claims), w.google.Mint(t, apptest.Claims(theirs, "ada"))
	acquire := func(key string) reply {
		return api.call(t, "POST", "/v1/licenses/demo/acquire", ada, `{"fingerprint":"adas-laptop"}`, "Idempotency-Key", key)
	}
	lease := acquire("one").text("leaseId")
	given, taken := api.acquire(t, "demo", ada, "desk").text("leaseId"), api.acquire(t, "demo", ada, "phone").text("leaseId")
	require.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+given+"/release", ada, "", "Idempotency-Key", "two").status)
	w.suspend(t)
	w.redis.Flush(t) // the live seats are rebuilt for a suspended tenant, too

	for name, r := range map[string]reply{
		"acquire": acquire("three"),

		"heartbeat":              api.heartbeat(t, ada, lease),
		"a heartbeat of nothing": api.heartbeat(t, ada, app.NewLeaseID("demo")),
		"borrow":                 api.call(t, "POST", "/v1/licenses/demo/borrow", ada, `{"fingerprint":"x","durationSeconds":60}`),
		"read":                   api.call(t, "GET", "/v1/licenses/demo", ada, ""),
		"read what there is not": api.call(t, "GET", "/v1/licenses/none", ada, ""),
		"list":                   api.call(t, "GET", "/v1/licenses", admin, ""),
		"list leases":            api.call(t, "GET", "/v1/licenses/demo/leases", admin, ""),
		"read the audit trail":   api.call(t, "GET", "/v1/audit", admin, ""),
		"create":                 api.call(t, "POST", "/v1/licenses", admin, `{"id":"x","product":"p","seats":1}`),
		"update":                 api.call(t, "POST", "/v1/licenses/demo/update", admin, `{"seats":9}`),
		"revoke":                 api.call(t, "POST", "/v1/licenses/demo/revoke", admin, ""),
	} {
		assert.Equal(t, 403, r.status, name)
		assert.Equal(t, "tenant_suspended", r.text("code"), name)
	}
	assert.Equal(t, 204, api.release(t, ada, given).status, "what is over already")
	assert.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+taken+"/force-release", admin, "").status)
	export := api.call(t, "POST", "/v1/privacy/export", admin, `{"user":"ada"}`)
	assert.Equal(t, 200, export.status)
	assert.Contains(t, string(export.raw), "adas-laptop")
	assert.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`).status)
	assert.Zero(t, w.postgres.Count(t, `SELECT (SELECT count(*) FROM licensing.lease l WHERE l::text ~ 'adas-laptop|ada@') + (SELECT count(*) FROM licensing.audit WHERE user_id = 'ada')`))
}

func TestASuspendedTenantGetsNoOldAnswers(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims(theirs, "ada"))
	acquire := func() reply {
		return api.call(t, "POST", "/v1/licenses/demo/acquire", ada, `{"fingerprint":"x"}`, "Idempotency-Key", "one")
	}
	require.Equal(t, 201, acquire().status)
	require.Equal(t, "true", acquire().header.Get("Idempotency-Replayed"))
	w.postgres.Stop(t)
	assert.Equal(t, "true", acquire().header.Get("Idempotency-Replayed"), "without the ledger, an answer that was given is given again")
	w.postgres.Start(t)
	w.suspend(t)
	await.True(t, func() bool { return acquire().text("code") == "tenant_suspended" })
}

func TestASuspendedTenantGetsTheAnswersToWhatItMayDoStill(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	claims := apptest.Claims(theirs, "root")
	claims["role"] = "admin"
	admin := w.google.Mint(t, claims)
	credential := api.call(t, "POST", "/v1/credentials", admin, `{"name":"ci","licenses":["demo"]}`).text("id")
	calls := map[string]func() reply{
		"erase": func() reply {
			return api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`, "Idempotency-Key", "one")
		},
		"revoke": func() reply {
			return api.call(t, "POST", "/v1/credentials/"+credential+"/revoke", admin, "", "Idempotency-Key", "two")
		},
	}
	for name, call := range calls {
		require.Equal(t, 200, call().status, name)
	}
	w.suspend(t)
	for name, call := range calls {
		again := call()
		assert.Equal(t, 200, again.status, "%s: %s", name, again.raw)
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"), name)
	}
}

func TestASuspendedTenantsLeasesEndAndAreForgotten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims(theirs, "ada"))
	lease := api.acquire(t, "demo", ada, "adas-laptop").text("leaseId")
	w.suspend(t)
	w.redis.Flush(t)
	housekeeping, client := w.service(t), w.redis.Client()
	defer client.Close()
	require.NoError(t, housekeeping.Reap(t.Context()), "the lost seats are loaded again")
	const leases = "seats:{other-3c4d/demo}:leases"
	require.NoError(t, client.ZAddXX(t.Context(), leases, goredis.Z{Score: 1, Member: lease}).Err())
	require.NoError(t, housekeeping.Reap(t.Context()))
	require.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE end_reason = 'expired'`))
	w.postgres.Admin(t, `UPDATE licensing.lease SET ended_at = ended_at - interval '91 days'`)
	w.forget(t)
	assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease l WHERE l::text ~ 'adas-laptop|ada@'`))
}

func TestALeaseThatExpiredWhileItsTenantWasSuspendedComesBackByAHeartbeat(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	status := func(status string) {
		h.fixture.postgres.Admin(t, `UPDATE licensing.tenant SET status = '`+status+`' WHERE id = '`+mine+`'`)
		require.NoError(t, h.Reap(t.Context()))
	}
	status("suspended")
	h.expire(t, g.Lease)
	require.NoError(t, h.Reap(t.Context()))
	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.Equal(t, app.CodeTenantSuspended, app.CodeOf(err))
	status("active")
	beat, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err, "the licence has no open lease, and is active all the same")
	assert.True(t, beat.Revived)
}

func TestARevocationHoldsAgainstWhatWasReadBeforeIt(t *testing.T) {
	t.Parallel()
	for name, meet := range map[string]func(*testing.T, *hooked, func()){
		"an acquire": func(t *testing.T, h *hooked, revoke func()) {
			h.restart()
			h.ledger.afterLicense = revoke
			_, err := h.Acquire(t.Context(), ada(), "demo", "desk")
			assert.Equal(t, app.CodeLicenseRevoked, app.CodeOf(err))
		},
		"an acquire that has its seat": func(t *testing.T, h *hooked, revoke func()) {
			h.ledger.beforeGrant = func() error { h.ledger.beforeGrant = nil; revoke(); return nil }
			_, err := h.Acquire(t.Context(), ada(), "demo", "desk")
			assert.Equal(t, app.CodeLicenseRevoked, app.CodeOf(err))
		},
		"the housekeeping": func(t *testing.T, h *hooked, revoke func()) {
			h.ledger.afterOpen = revoke
			require.NoError(t, h.Reap(t.Context()))
		},
		"a rebuild of the live seats": func(t *testing.T, h *hooked, revoke func()) {
			h.fixture.forgetSeats(t, "demo")
			h.ledger.afterLicense = revoke
			_, _, err := h.GetLicense(t.Context(), ada(), "demo")
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			first, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
			require.NoError(t, err)
			meet(t, h, func() {
				_, err := h.UpdateLicense(t.Context(), root(), "demo", app.ActionRevoke, nil, func(l *app.License) { l.Status = app.StatusRevoked })
				require.NoError(t, err)
			})
			_, err = h.Heartbeat(t.Context(), ada(), first.Lease.ID)
			assert.Equal(t, app.CodeLicenseRevoked, app.CodeOf(err))
			assert.Equal(t, 1, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'demo' AND ended_at IS NULL`), "nothing was granted after it")
		})
	}
}

func TestATenantThatIsSuspendedInTheMiddleOfAnUpdateKeepsItsLicenceAsItWas(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	var err error
	// The update has some seconds, in which a busy machine does not always suspend a tenant.
	await.True(t, func() bool {
		h.fixture.migrate(t, `[{"id":"other-3c4d","name":"other","status":"active"}]`)
		_, err = h.ledger.UpdateLicense(t.Context(), app.LicenseRef{Tenant: theirs, License: "demo"}, func(l *app.License) (app.Event, error) {
			h.fixture.suspend(t)
			l.Seats = 99
			return app.Event{Action: app.ActionUpdate}, nil
		})
		return app.CodeOf(err) != app.CodeUnavailable
	}, "the update ends in time")
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(err))
	assert.Zero(t, h.fixture.postgres.Count(t, `SELECT (SELECT count(*) FROM licensing.license WHERE seats = 99) + (SELECT count(*) FROM licensing.audit WHERE action = 'license.update')`))
}

func TestALedgerThatWasRestoredFromABackupCountsAgain(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	first, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	set := func(status app.Status) {
		t.Helper()
		_, err := h.UpdateLicense(t.Context(), root(), "demo", app.ActionUpdate, nil, func(l *app.License) { l.Status = status })
		require.NoError(t, err)
	}
	beat := func() app.Code {
		_, err := h.Heartbeat(t.Context(), ada(), first.Lease.ID)
		return app.CodeOf(err)
	}
	for range 5 {
		set(app.StatusSuspended)
		set(app.StatusActive)
	}
	restore := func(status string) {
		h.fixture.postgres.Admin(t, `ALTER TABLE licensing.license DISABLE TRIGGER revise`,
			`UPDATE licensing.license SET revision = 1, status = '`+status+`' WHERE tenant_id = 'demo-1a2b' AND id = 'demo'`, `ALTER TABLE licensing.license ENABLE TRIGGER revise`)
	}
	restore("suspended")
	assert.Empty(t, beat(), "nobody has looked yet")
	require.NoError(t, h.Reap(t.Context()))
	assert.Equal(t, app.CodeLicenseSuspended, beat(), "the housekeeping has")
	set(app.StatusActive)
	assert.Empty(t, beat())
	for range 5 {
		set(app.StatusActive)
	}
	restore("active")
	set(app.StatusSuspended)
	assert.Equal(t, app.CodeLicenseSuspended, beat(), "an administrator's change counts at once")
}
