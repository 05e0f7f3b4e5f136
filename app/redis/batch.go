package redis

import (
	"context"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Bounds of batching: commands in one round trip, round trips at once.
const (
	maxBatch   = 64
	maxFlights = 4
)

// batch sends scripts that are asked for at the same time in one round trip.
// Heartbeats are many, small and alike; most of the cost of one alone is the trip.
// A script asked for alone is sent at once.
type batch struct {
	client *goredis.Client
	script script

	mu      sync.Mutex
	waiting []*flight
	flights int
}

// flight is one script under way.
type flight struct {
	keys   []string
	args   []any
	done   chan struct{}
	values []any
	err    error
}

// run executes the script once and waits for its answer, or for ctx.
func (b *batch) run(ctx context.Context, keys []string, args ...any) ([]any, error) {
	f := &flight{keys: keys, args: args, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, f)
	start := b.flights < maxFlights
	if start {
		b.flights++
	}
	b.mu.Unlock()
	if start {
		// The trip is everybody's, so it does not end with this caller's context.
		go b.fly(context.WithoutCancel(ctx))
	}
	select {
	case <-f.done:
		return f.values, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fly makes round trips until nobody waits.
func (b *batch) fly(ctx context.Context) {
	for {
		b.mu.Lock()
		if len(b.waiting) == 0 {
			b.flights--
			b.mu.Unlock()
			return
		}
		n := min(len(b.waiting), maxBatch)
		taken := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		b.trip(ctx, taken)
	}
}

// trip sends the scripts and hands out the answers. A server that has forgotten the
// script is taught it again.
func (b *batch) trip(ctx context.Context, taken []*flight) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	commands := make([]*goredis.Cmd, len(taken))
	pipe := b.client.Pipeline()
	for i, f := range taken {
		commands[i] = b.script.EvalSha(ctx, pipe, f.keys, f.args...)
	}
	// Each command has its own error.
	_, _ = pipe.Exec(ctx)
	for i, f := range taken {
		f.values, f.err = commands[i].Slice()
		if goredis.HasErrorPrefix(f.err, "NOSCRIPT") {
			f.values, f.err = b.script.Run(ctx, b.client, f.keys, f.args...).Slice()
		}
		close(f.done)
	}
}
