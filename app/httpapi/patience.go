package httpapi

import (
	"context"
	"sync"
	"time"
)

// patience is a request's context: with its record, and with a time limit whose timer is
// made when somebody first waits for it. A heartbeat is answered without, and there are
// thousands a second, for each of which a timer and its channels would be made and thrown
// away.
type patience struct {
	context.Context
	record   *request
	deadline time.Time

	mu    sync.Mutex
	timed context.Context
	stop  context.CancelFunc
	over  bool
}

var _ context.Context = (*patience)(nil)

// Deadline implements context.Context.
func (p *patience) Deadline() (time.Time, bool) {
	if earlier, limited := p.Context.Deadline(); limited && earlier.Before(p.deadline) {
		return earlier, true
	}
	return p.deadline, true
}

// Done implements context.Context.
func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.stop = context.WithDeadline(p.Context, p.deadline)
		if p.over {
			p.stop()
		}
	}
	return p.timed.Done()
}

// Err implements context.Context.
func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.timed != nil:
		return p.timed.Err()
	case p.over:
		return context.Canceled
	case !time.Now().Before(p.deadline):
		return context.DeadlineExceeded
	}
	return p.Context.Err()
}

// Value implements context.Context.
func (p *patience) Value(key any) any {
	if _, ours := key.(requestKey); ours {
		return p.record
	}
	p.mu.Lock()
	inner := p.timed
	p.mu.Unlock()
	if inner == nil {
		inner = p.Context
	}
	// What is derived from this context finds the timer here, and needs no goroutine to
	// wait for it.
	return inner.Value(key)
}

// end ends the context with its request.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.stop != nil {
		p.stop()
	}
}
