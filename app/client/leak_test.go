package client_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
)

// Not parallel: it counts what the whole process has.
func TestThousandsOfSeatsLeaveNothingBehind(t *testing.T) {
	w := newFixture(t)
	w.keys = w.published()
	var open atomic.Int64
	server := httptest.NewUnstartedServer(w)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	cycle := func(i int) {
		config := w.config()
		config.Changed = nil
		seat, err := client.Hold(t.Context(), config)
		require.NoError(t, err)
		if i%2 == 0 {
			require.NoError(t, seat.Close(t.Context()))
		} else {
			seat.Leave()
		}
		w.called()
	}
	state := func() (goroutines int, objects uint64) {
		await.True(t, func() bool { return open.Load() == 0 })
		runtime.GC()
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return runtime.NumGoroutine(), memory.HeapObjects
	}
	for i := range 200 {
		cycle(i)
	}
	goroutines, objects := state()
	for i := range 2000 {
		cycle(i)
	}
	await.True(t, func() bool { return runtime.NumGoroutine() <= goroutines })
	_, after := state()
	assert.Less(t, after, objects+2000, "less than an object for each seat")
}
