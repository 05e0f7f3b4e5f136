package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAfterASlowRequestItsConnectionServesOthersAsBefore(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"REQUEST_TIMEOUT": "9s"})
	// A load balancer sends one request after the other over a connection.
	api.client = &http.Client{Timeout: await.Limit, Transport: &http.Transport{MaxConnsPerHost: 1}}
	t.Cleanup(api.client.CloseIdleConnections)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")

	// Longer than a connection may take to send its first headers.
	const slow = 5100 * time.Millisecond
	// Reading a licence is tried again after a time, so each is one that nobody has read before.
	for license, headers := range map[string][]string{"short": nil, "big": {"Idempotency-Key", "slow"}} {
		holder := w.hold(t)
		_, err := holder.Exec(t.Context(), `LOCK TABLE licensing.license`)
		require.NoError(t, err)
		answered, took := make(chan reply, 1), time.Duration(0)
		start := time.Now()
		go func() {
			// An error shows as an answer without a status.
			r, _ := api.try("POST", "/v1/licenses/"+license+"/acquire", token, "", headers...)
			took = time.Since(start)
			answered <- r
		}()
		time.Sleep(time.Until(start.Add(slow)))
		require.NoError(t, holder.Rollback(t.Context()))
		// A busy machine may be late with that, and need more than the 6 s that the service waits
		// for the ledger, or the 9 s of the request; then the service says so.
		assert.Contains(t, []int{201, 503}, await.Receive(t, answered).status, license)
		assert.GreaterOrEqual(t, took, slow, "%s: it was not slow", license)
		assert.Equal(t, 200, api.heartbeat(t, token, lease).status, license)
		assert.Equal(t, 200, api.acquire(t, "demo", token, "laptop").status, license)
	}
}
