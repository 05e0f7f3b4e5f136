package server_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestAChangeThatRedisCouldNotBeToldOfIsMadeAndLearntLater(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	lease := api.acquire(t, "demo", ada, "laptop").text("leaseId")
	client := w.redis.Client()
	defer client.Close()
	// It takes no writes.
	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	assert.Equal(t, 503, api.once(t, "POST", "/v1/licenses/demo/suspend", admin, "").status)
	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.license WHERE tenant_id = $1 AND id = 'demo' AND status = 'suspended'`, mine), "it is made, as docs/api.md says")
	require.NoError(t, w.service(t).Reap(t.Context()))
	assert.Equal(t, string(app.CodeLicenseSuspended), api.heartbeat(t, ada, lease).text("code"))
}
