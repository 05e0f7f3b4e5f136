package client_test

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
)

// BenchmarkSeatMemory holds 1,000 seats in one program and measures what each adds to the memory
// in use: heap and stacks, with one HTTP client for all.
func BenchmarkSeatMemory(b *testing.B) {
	const seats = 1000
	w := newFixture(b)
	w.keys = w.published()
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	for b.Loop() {
		before := inUse()
		held := make([]*client.Seat, seats)
		for i := range held {
			config := w.config()
			config.HTTP, config.Changed, config.Clock = &http.Client{Transport: transport}, nil, standing{w.clock}
			seat, err := client.Hold(b.Context(), config)
			require.NoError(b, err)
			held[i] = seat
		}
		transport.CloseIdleConnections()
		w.called()
		b.ReportMetric((inUse()-before)/seats/1024, "KiB/seat")
		for _, seat := range held {
			require.NoError(b, seat.Close(b.Context()))
		}
	}
}

// standing is a clock that nobody wakes from.
type standing struct{ client.Clock }

func (standing) Sleep(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }

func inUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// BenchmarkSeatRequests counts the requests of an hour of a seat with heartbeats every 20 seconds,
// with the acquire, the fetched keys and the release.
func BenchmarkSeatRequests(b *testing.B) {
	for b.Loop() {
		w := newFixture(b)
		w.random = 0.5
		seat, err := client.Hold(b.Context(), w.config())
		require.NoError(b, err)
		for end := w.clock.Now().Add(time.Hour); w.clock.Now().Before(end); {
			w.clock.wake(b, w.clock.sleeping(b))
		}
		w.clock.sleeping(b)
		require.NoError(b, seat.Close(b.Context()))
		b.ReportMetric(float64(len(w.called())), "requests/hour")
	}
}

// BenchmarkSeatLost measures the time from the server's answer, that the licence is revoked, to
// the program's being told.
func BenchmarkSeatLost(b *testing.B) {
	var sum time.Duration
	for b.Loop() {
		b.StopTimer()
		w := newFixture(b)
		var answered atomic.Int64
		start := time.Now()
		told := make(chan time.Duration, 1)
		config := w.config()
		config.Changed = func(client.Change) { told <- time.Since(start) }
		seat, err := client.Hold(b.Context(), config)
		require.NoError(b, err)
		rest := w.clock.sleeping(b)
		w.answer("heartbeat", func(rw http.ResponseWriter, r *http.Request) {
			answered.Store(int64(time.Since(start)))
			problem(http.StatusForbidden, "license_revoked")(rw, r)
		})
		b.StartTimer()
		w.clock.wake(b, rest)
		sum += <-told - time.Duration(answered.Load())
		b.StopTimer()
		require.NoError(b, seat.Close(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N), "us/told")
}
