package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Bounds of batching: commands in one round trip, round trips at once.
const (
	maxBatch = 64
	// While one trip is under way the next one fills; more at once would share out
	// what comes together, and each costs the server a question for its id.
	maxFlights = 2
)

// batch sends scripts that are asked for at the same time in one round trip.
// Heartbeats are many, small and alike; most of the cost of one alone is the trip.
// A script asked for alone is sent at once.
//
// The script returns the server process that the state was loaded in, and leaves it to
// the trip to see that it is the one that answers: all commands of a trip go over one
// connection, so to one process.
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

// trip sends the scripts and hands out the answers.
func (b *batch) trip(ctx context.Context, taken []*flight) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	forgotten := b.send(ctx, taken)
	if len(forgotten) > 0 {
		// A server that has forgotten the script is taught it again. If that fails, so
		// does the script, and says why.
		_ = b.script.Load(ctx, b.client).Err()
		b.send(ctx, forgotten)
	}
	for _, f := range taken {
		close(f.done)
	}
}

// send fills in the answers, and returns the flights whose script the server does not
// know.
func (b *batch) send(ctx context.Context, taken []*flight) (forgotten []*flight) {
	commands := make([]*goredis.Cmd, len(taken))
	pipe := b.client.Pipeline()
	server := pipe.Info(ctx, "server")
	for i, f := range taken {
		commands[i] = b.script.EvalSha(ctx, pipe, f.keys, f.args...)
	}
	// Each command has its own error.
	_, _ = pipe.Exec(ctx)
	run, known := runOf(server.Val())
	for i, f := range taken {
		f.values, f.err = commands[i].Slice()
		switch {
		case goredis.HasErrorPrefix(f.err, "NOSCRIPT"):
			forgotten = append(forgotten, f)
		case f.err == nil && !known:
			f.values, f.err = nil, fmt.Errorf("the server does not tell its run_id: %w", cmp.Or(server.Err(), errors.ErrUnsupported))
		case f.err == nil && len(f.values) > 0 && f.values[0] == run:
			f.values = f.values[1:]
		case f.err == nil:
			f.values = []any{"cold"}
		}
	}
	return forgotten
}

// runOf finds a server process's own id in what INFO says about it.
func runOf(info string) (run string, known bool) {
	_, rest, _ := strings.Cut(info, "\nrun_id:")
	run, _, _ = strings.Cut(rest, "\r")
	return run, run != ""
}
