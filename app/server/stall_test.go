package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestAfterASlowRequestItsConnectionServesOthersAsBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.serve(t, nil)
	// A load balancer sends one request after the other over a connection.
	api.client = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
	t.Cleanup(api.client.CloseIdleConnections)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")

	for name, headers := range map[string][]string{"without a body": nil, "with an Idempotency-Key": {"Idempotency-Key", "slow"}} {
		stalled := make(chan struct{})
		go func() {
			defer close(stalled)
			w.postgres.Admin(t, apptest.Database, `DO $$ BEGIN LOCK TABLE licensing.license; PERFORM pg_sleep(6); END $$`)
		}()
		require.Eventually(t, func() bool {
			return w.postgres.Count(t, `SELECT count(*) FROM pg_locks WHERE relation = 'licensing.license'::regclass AND mode = 'AccessExclusiveLock' AND granted`) > 0
		}, 5*time.Second, 10*time.Millisecond)
		start := time.Now()
		slow := api.call(t, "POST", "/v1/licenses/demo/acquire", token, "", headers...)
		assert.Equal(t, 201, slow.status, name)
		assert.Greater(t, time.Since(start), 5*time.Second, "%s: it was not slow", name)
		<-stalled
		assert.Equal(t, 200, api.heartbeat(t, token, lease).status, name)
		assert.Equal(t, 200, api.acquire(t, "demo", token, "laptop").status, name)
	}
}
