package client

import (
	"context"
	"errors"
	"time"
)

// keep sends heartbeats until ctx ends.
func (s *Seat) keep(ctx context.Context) {
	defer close(s.done)
	defer s.silence()
	for s.pause(ctx) == nil {
		s.renew(ctx)
	}
}

// pause waits until the next request is due. When the seat's time is over meanwhile, it is lost.
func (s *Seat) pause(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := s.due()
		if wait <= 0 {
			return nil
		}
		if err := s.keeper.config.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// due is how long nothing is to be done; 0 or less when a request is due.
func (s *Seat) due() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.next.Sub(s.keeper.config.Clock.Now())
	if !s.held {
		return wait
	}
	left := s.until.Sub(s.keeper.time.now())
	if left > 0 {
		return min(wait, left)
	}
	if s.doubted.IsZero() && (s.failure == nil || s.until.After(s.keeper.time.running())) {
		// The device slept, the program was stopped (SIGSTOP, a machine that is paused), or the clock was
		// set: no heartbeat was sent in time, or only the calendar has leapt. The server knows what became
		// of the seat, so it is asked before the program is told that it is lost.
		s.doubted = s.keeper.config.Clock.Now()
		// How long the network was away before says nothing about when it is back.
		s.waits.reset()
		return 0
	}
	if _, remaining := s.doubt(); remaining > 0 {
		return min(wait, remaining)
	}
	s.lose(s.failure)
	return wait
}

// doubt is for how long it is not known what became of the seat, and for how much longer the server is asked
// before a loss is told: a laptop that wakes up has its network some seconds later.
func (s *Seat) doubt() (since, remaining time.Duration) {
	if s.doubted.IsZero() {
		return 0, 0
	}
	since = s.keeper.config.Clock.Now().Sub(s.doubted)
	return since, s.keeper.config.Timeout - since
}

// renew sends the request that is due: a heartbeat for a seat that is held, else acquire, which
// brings the same lease back or a new one.
func (s *Seat) renew(ctx context.Context) {
	s.calls.Lock()
	defer s.calls.Unlock()
	s.mu.Lock()
	held, lease, left := s.held, s.license.Lease, s.until.Sub(s.keeper.time.now())
	since, remaining := s.doubt()
	s.mu.Unlock()
	var err error
	over := !held
	if held {
		// The answer has to come before the seat's end, or its loss would be told late. In doubt the first
		// request may go to a connection of before, whose network has gone, and the next ones get more time.
		limited, cancel := context.WithTimeout(ctx, max(left, time.Second, min(since, remaining)))
		err = s.beat(limited, lease)
		cancel()
		over = gone(err)
	}
	ended := err
	if over {
		var g *grant
		if g, err = s.keeper.acquire(ctx); err == nil {
			s.granted(g)
		}
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
	wait := s.waits.after(err)
	switch {
	case !s.held:
	case final(err):
		s.lose(err)
	case over:
		s.lose(ended)
	default:
		wait = s.beforeEnd(wait, err)
	}
	s.next = s.keeper.config.Clock.Now().Add(wait)
}

// beforeEnd is how long to wait after the failure err of a seat that is held. A wait that would outlast the seat is cut
// once, to half of the time that is left: one request more may save a seat. A wait by Retry-After is not shortened.
func (s *Seat) beforeEnd(wait time.Duration, err error) time.Duration {
	left := s.until.Sub(s.keeper.time.now())
	var refusal *Refusal
	asked := errors.As(err, &refusal) && refusal.RetryAfter > 0
	if asked || s.hurried || wait < left || left < 2*failureWait {
		return wait
	}
	s.hurried = true
	return left / 2
}

// lose notes that the seat is lost.
func (s *Seat) lose(reason error) {
	s.held = false
	s.note(Change{Reason: reason, At: s.keeper.time.now()})
}

// silence ends the changes.
func (s *Seat) silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
	close(s.changes)
}

// note drops the oldest change when nobody reads them.
func (s *Seat) note(change Change) {
	for !s.silent {
		select {
		case s.changes <- change:
			return
		default:
		}
		select {
		case <-s.changes:
		default:
		}
	}
}

func (s *Seat) tell(changed func(Change)) {
	for change := range s.changes {
		if changed != nil {
			changed(change)
		}
	}
}
