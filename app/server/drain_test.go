package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// held waits until KMS keeps n signatures waiting.
func (w *world) held(t testing.TB, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return w.google.Waiting.Load() == n }, 5*time.Second, time.Millisecond)
}

func TestAnInstanceThatStopsServesOnForAWhileAndFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.serve(t, map[string]string{"DRAIN_DELAY": "1s"})
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")
	release := w.google.Hold()
	begun := make(chan reply, 1)
	go func() {
		// An error shows as an answer without a status.
		r, _ := api.try("POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"desk"}`)
		begun <- r
	}()
	w.held(t, 1)

	stopped := make(chan time.Time)
	asked := time.Now()
	go func() {
		api.stop()
		stopped <- time.Now()
	}()
	require.Eventually(t, func() bool {
		r, err := api.try("GET", "/ready", "", "")
		return err == nil && r.status == 503
	}, 500*time.Millisecond, time.Millisecond, "the load balancer is told first")
	assert.Equal(t, 200, api.heartbeat(t, token, lease).status, "and what it still sends is served")
	time.Sleep(time.Until(asked.Add(1500 * time.Millisecond)))
	_, err := api.try("GET", "/health", "", "")
	require.Error(t, err, "then nothing new is taken")
	release()
	assert.Equal(t, 201, (<-begun).status, "and what was begun is finished")
	assert.Less(t, (<-stopped).Sub(asked), 5*time.Second)
}
