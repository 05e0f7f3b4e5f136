package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Bounds of one round trip with heartbeats: how many, and how long.
const (
	maxTogether = 128
	maxTrip     = 3 * time.Second
)

// heartbeats sends those that are asked for at the same time in one round trip, as one
// script for each licence. They are many, small and alike; most of the cost of one
// alone is the trip, and then what the script reads of its licence. A heartbeat asked
// for alone is sent at once. While one trip is under way the next one fills; two at once
// would share out what comes together.
//
// The script returns the server process and the history that the state was loaded in, and leaves it
// to the trip to see that it is the one that answers: all commands of a trip go over one
// connection, so to one process.
type heartbeats struct {
	client *goredis.Client
	script script

	mu      sync.Mutex
	waiting []*heartbeat
	// flushing says that somebody makes trips.
	flushing bool

	// spare keeps those that were answered, for their channel and timer.
	spare sync.Pool
}

func newHeartbeats(client *goredis.Client) *heartbeats {
	return &heartbeats{client: client, script: script{name: "extend", Script: goredis.NewScript(allowed + extendLua)}}
}

// heartbeat is one under way.
type heartbeat struct {
	license app.LicenseRef
	lease   string
	// user is what the holder of a floating lease of the user's ends with.
	user string
	// deadline is when its caller stops waiting; zero means never.
	deadline time.Time

	// done gets one value, once the answer is there.
	done  chan struct{}
	timer *time.Timer
	// values are the script's answer for the lease, then for all of its licence the end of the
	// extended leases, the interval, the status, and whether the licence is in its grace.
	values []any
	err    error
}

// send asks for a heartbeat and waits for its answer, until ctx's deadline at most. A heartbeat that
// is on its way cannot be called back, so it does not matter when the caller hangs up.
func (b *heartbeats) send(ctx context.Context, ref app.LicenseRef, lease, user string) ([]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, reused := b.spare.Get().(*heartbeat)
	if !reused {
		h = &heartbeat{done: make(chan struct{}, 1), timer: time.NewTimer(maxTrip)}
	}
	h.license, h.lease, h.user, h.deadline = ref, lease, user, time.Time{}
	var late <-chan time.Time
	if deadline, limited := ctx.Deadline(); limited {
		h.deadline, late = deadline, h.timer.C
		h.timer.Reset(time.Until(deadline))
	}
	if b.enqueue(h) {
		// The trip is everybody's, so it does not end with this caller's context.
		go b.flushLoop(context.WithoutCancel(ctx))
	}
	select {
	case <-h.done:
	case <-late:
		return nil, context.DeadlineExceeded
	}
	values, err := h.values, h.err
	b.spare.Put(h)
	return values, err
}

// enqueue adds the heartbeat to those that wait, and says whether nobody makes trips yet.
func (b *heartbeats) enqueue(h *heartbeat) (start bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, h)
	start = !b.flushing
	b.flushing = true
	return start
}

// flushLoop makes round trips until nobody waits.
func (b *heartbeats) flushLoop(ctx context.Context) {
	for {
		// Requests that have arrived and only wait for a processor come along: under
		// load that makes trips half as many, and without load it costs nothing.
		runtime.Gosched()
		taken := b.take()
		if len(taken) == 0 {
			return
		}
		b.trip(ctx, taken)
	}
}

// take returns those that wait, in their order; none ends the caller's flushing.
func (b *heartbeats) take() []*heartbeat {
	b.mu.Lock()
	defer b.mu.Unlock()
	// With a slow server a queue grows whose first have given up; carrying them would
	// make the others give up too.
	now := time.Now()
	b.waiting = slices.DeleteFunc(b.waiting, func(h *heartbeat) bool { return !h.deadline.IsZero() && now.After(h.deadline) })
	n := min(len(b.waiting), maxTogether)
	b.flushing = n > 0
	taken := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	return taken
}

// trip sends heartbeats in one round trip and distributes the answers.
func (b *heartbeats) trip(ctx context.Context, taken []*heartbeat) {
	ctx, cancel := context.WithTimeout(ctx, maxTrip)
	defer cancel()
	forgotten := b.exchange(ctx, taken)
	if len(forgotten) > 0 {
		// A server that has forgotten the script is taught it again. If that fails, so
		// does the script, and says why.
		_ = b.script.Load(ctx, b.client).Err()
		b.exchange(ctx, forgotten)
	}
	for _, h := range taken {
		h.done <- struct{}{}
	}
}

// sameLicense are heartbeats that one script is for.
type sameLicense struct {
	all     []*heartbeat
	command *goredis.Cmd
}

// exchange fills in the answers, and returns the heartbeats whose script the server
// does not know.
func (b *heartbeats) exchange(ctx context.Context, taken []*heartbeat) (forgotten []*heartbeat) {
	pipe := b.client.Pipeline()
	server := pipe.Info(ctx, "server", "replication")
	licenses := byLicense(taken)
	for _, l := range licenses {
		arguments := make([]any, 2*len(l.all))
		for i, h := range l.all {
			arguments[i], arguments[len(l.all)+i] = h.lease, h.user
		}
		names := keys(l.all[0].license)
		names[3] = names[5] // the claims, in the place of the devices
		l.command = b.script.EvalSha(ctx, pipe, names[:4], arguments...)
	}
	// Each command has its own error.
	_, _ = pipe.Exec(ctx)
	run, known := runOf(server.Val())
	for _, l := range licenses {
		values, err := l.command.Slice()
		if goredis.HasErrorPrefix(err, "NOSCRIPT") {
			forgotten = append(forgotten, l.all...)
		}
		if err == nil && !known {
			err = fmt.Errorf("the server does not tell its run_id: %w", cmp.Or(server.Err(), errors.ErrUnsupported))
		}
		l.answer(run, values, err)
	}
	return forgotten
}

// byLicense sorts heartbeats, and keeps the order of those for one licence.
func byLicense(taken []*heartbeat) []*sameLicense {
	var licenses []*sameLicense
	known := make(map[app.LicenseRef]*sameLicense)
	for _, h := range taken {
		l, found := known[h.license]
		if !found {
			l = &sameLicense{}
			known[h.license], licenses = l, append(licenses, l)
		}
		l.all = append(l.all, h)
	}
	return licenses
}

// answer distributes the results of the script: the run and history that the state was loaded in,
// the licence's interval, the end of the extended leases, the licence's status, whether it is in
// its grace, and an answer for each lease.
func (l *sameLicense) answer(run string, values []any, err error) {
	const head = 5
	cold := err == nil && len(values) > 0 && values[0] != run
	if err == nil && !cold && len(values) != head+len(l.all) {
		err = fmt.Errorf("%d values for %d leases: %w", len(values), len(l.all), errors.ErrUnsupported)
	}
	for i, h := range l.all {
		h.values, h.err = nil, err
		switch {
		case cold:
			h.values = []any{"cold"}
		case err == nil:
			h.values = []any{values[head+i], values[2], values[1], values[3], values[4]}
		}
	}
}

// runOf finds the id of the server process and the id of its data's history in the output of INFO.
func runOf(info string) (run string, known bool) {
	run = infoField(info, "run_id")
	return run + " " + infoField(info, "master_replid"), run != ""
}

// infoField is the value of one field of INFO.
func infoField(info, field string) string {
	_, rest, _ := strings.Cut(info, "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\r")
	return value
}
