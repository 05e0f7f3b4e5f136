package server_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Clients at once, and for how long each load runs.
const workers, window = 32, 3 * time.Second

// load makes calls for a time; pace, when not 0, is the total of calls a second to aim
// at. An error ends the benchmark.
type load func(b *testing.B, length time.Duration, pace float64) sample

// sample is how long each call took, and all of them together.
type sample struct {
	each []time.Duration
	took time.Duration
}

// rate is what a load showed.
type rate struct {
	perSecond float64
	p50, p99  time.Duration
	// used is the processor time of the watched processes for one call.
	used []time.Duration
}

func (s sample) rate(b *testing.B) rate {
	b.Helper()
	require.NotEmpty(b, s.each)
	slices.Sort(s.each)
	return rate{perSecond: float64(len(s.each)) / s.took.Seconds(), p50: s.each[len(s.each)/2], p99: s.each[len(s.each)*99/100]}
}

// turns runs each load for the window, in turns: what else the machine does strikes
// all of them alike, and their ratio holds. It watches the processor time of processes.
func turns(b *testing.B, watched []int, loads ...load) []rate {
	b.Helper()
	const rounds = 6
	samples, used := make([]sample, len(loads)), make([][]time.Duration, len(loads))
	for range rounds {
		for i, load := range loads {
			before := make([]time.Duration, len(watched))
			for n, pid := range watched {
				before[n] = processor(b, pid)
			}
			s := load(b, window/rounds, 0)
			samples[i].each, samples[i].took = append(samples[i].each, s.each...), samples[i].took+s.took
			used[i] = slices.Grow(used[i], len(watched))[:len(watched)]
			for n, pid := range watched {
				used[i][n] += processor(b, pid) - before[n]
			}
		}
	}
	rates := make([]rate, len(loads))
	for i := range samples {
		rates[i] = samples[i].rate(b)
		for _, spent := range used[i] {
			rates[i].used = append(rates[i].used, spent/time.Duration(len(samples[i].each)))
		}
	}
	return rates
}

// calling makes each worker call in a closed loop.
func calling(workers int, call func(worker int) error) load {
	return func(b *testing.B, length time.Duration, pace float64) sample {
		b.Helper()
		times := make([][]time.Duration, workers)
		failures := make(chan error, workers)
		var group sync.WaitGroup
		start := time.Now()
		for worker := range workers {
			group.Go(func() {
				for n := 0; time.Since(start) < length; n++ {
					if pace > 0 {
						time.Sleep(time.Until(start.Add(time.Duration(float64(n*workers+worker) / pace * float64(time.Second)))))
					}
					began := time.Now()
					if err := call(worker); err != nil {
						failures <- err
						return
					}
					times[worker] = append(times[worker], time.Since(began))
				}
			})
		}
		group.Wait()
		took := time.Since(start)
		close(failures)
		require.NoError(b, <-failures)
		return sample{each: slices.Concat(times...), took: took}
	}
}
