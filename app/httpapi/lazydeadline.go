package httpapi

import (
	"context"
	"sync"
	"time"
)

// lazyDeadline is a request's context: with its record, and with a time limit whose timer is
// made when somebody first waits for it. A heartbeat is answered without, and there are
// thousands a second, for each of which a timer and its channels would be made and thrown
// away.
type lazyDeadline struct {
	context.Context
	record   *request
	deadline time.Time

	mu    sync.Mutex
	timed context.Context
	stop  context.CancelFunc
	over  bool
}

var _ context.Context = (*lazyDeadline)(nil)

// Deadline implements context.Context.
func (d *lazyDeadline) Deadline() (time.Time, bool) {
	if earlier, limited := d.Context.Deadline(); limited && earlier.Before(d.deadline) {
		return earlier, true
	}
	return d.deadline, true
}

// Done implements context.Context.
func (d *lazyDeadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.stop = context.WithDeadline(d.Context, d.deadline)
		if d.over {
			d.stop()
		}
	}
	return d.timed.Done()
}

// Err implements context.Context.
func (d *lazyDeadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.timed != nil:
		return d.timed.Err()
	case d.over:
		return context.Canceled
	case !time.Now().Before(d.deadline):
		return context.DeadlineExceeded
	}
	return d.Context.Err()
}

// Value implements context.Context.
func (d *lazyDeadline) Value(key any) any {
	if _, ours := key.(requestKey); ours {
		return d.record
	}
	d.mu.Lock()
	inner := d.timed
	d.mu.Unlock()
	if inner == nil {
		inner = d.Context
	}
	// A context derived from this one finds the timer here, and needs no goroutine to
	// wait for it.
	return inner.Value(key)
}

// end ends the context with its request.
func (d *lazyDeadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.stop != nil {
		d.stop()
	}
}
