package server_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// says waits until /ready says so of a dependency, and returns its status.
func (in *instance) says(t *testing.T, dependency, state string) (status int) {
	t.Helper()
	await.True(t, func() bool {
		r := in.call(t, "GET", "/ready", "", "")
		checks, _ := r.body["checks"].(map[string]any)
		status = r.status
		return checks[dependency] == state
	}, "/ready does not say "+state+" of "+dependency)
	return status
}

func TestAStoreThatTakesNoWritesIsNotReady(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", ada, "laptop").text("leaseId")

	w.postgres.Admin(t, `ALTER SYSTEM SET default_transaction_read_only = on`, `SELECT pg_reload_conf()`)
	assert.Equal(t, 200, api.says(t, "postgresql", "unavailable"), "heartbeats go on")
	assert.Equal(t, 503, api.once(t, "POST", "/v1/licenses/demo/acquire", ada, `{"fingerprint":"desk"}`).status)
	assert.Equal(t, 200, api.heartbeat(t, ada, lease).status)
	w.postgres.Admin(t, `ALTER SYSTEM RESET default_transaction_read_only`, `SELECT pg_reload_conf()`)
	assert.Equal(t, 200, api.says(t, "postgresql", "ok"))
	assert.Equal(t, 201, api.acquire(t, "demo", ada, "desk").status)

	client := w.redis.Client()
	defer client.Close()
	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	assert.Equal(t, 503, api.says(t, "redis", "unavailable"), "nobody can keep a seat")
	assert.Equal(t, 503, api.once(t, "POST", "/v1/leases/"+lease+"/heartbeat", ada, "").status)
	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	assert.Equal(t, 200, api.says(t, "redis", "ok"))
	assert.Equal(t, 200, api.heartbeat(t, ada, lease).status)
	assert.Equal(t, 2, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
}
