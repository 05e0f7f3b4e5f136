package server_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/server"
)

// held waits until KMS keeps n signatures waiting.
func (w *fixture) held(t testing.TB, n int64) {
	t.Helper()
	await.True(t, func() bool { return w.google.Waiting.Load() == n })
}

func TestAnInstanceThatStopsServesOnForAWhile(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	asked, over := make(chan time.Duration, 1), make(chan struct{})
	api := w.serve(t, map[string]string{"DRAIN_DELAY": "4s"}, func(s *server.Serve) {
		s.Sleep = func(delay time.Duration) { asked <- delay; <-over }
	})
	end := sync.OnceFunc(func() { close(over) })
	t.Cleanup(end)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")
	stopped := api.stopping()
	await.True(t, func() bool {
		r, err := api.try("GET", "/ready", "", "")
		return err == nil && r.status == 503
	}, "the load balancer is told first")
	assert.Equal(t, 200, api.heartbeat(t, token, lease).status, "and what it still sends is served")
	assert.Equal(t, 4*time.Second, await.Receive(t, asked))
	assert.Empty(t, stopped)
	end()
	await.Receive(t, stopped)
	_, err := api.try("GET", "/health", "", "")
	require.Error(t, err, "then nothing new is taken")
}

func TestAnInstanceThatStopsFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	release := w.google.Hold()
	begun := make(chan reply, 1)
	go func() {
		// An error shows as an answer without a status.
		r, _ := api.try("POST", "/v1/licenses/demo/acquire", token, `{"fingerprint":"desk"}`)
		begun <- r
	}()
	w.held(t, 1)
	stopped := api.stopping()
	await.True(t, func() bool {
		_, err := api.try("GET", "/health", "", "")
		return err != nil
	}, "nothing new is taken")
	assert.Empty(t, stopped)
	release()
	assert.Equal(t, 201, await.Receive(t, begun).status, "and what was begun is finished")
	await.Receive(t, stopped)
}

// stopping asks the instance to stop; the channel is told when it has.
func (in *instance) stopping() <-chan struct{} {
	stopped := make(chan struct{}, 1)
	go func() {
		in.stop()
		stopped <- struct{}{}
	}()
	return stopped
}
