package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/app/verify"
)

// Seat is a seat of a licence that is kept until Close. Its methods may be called by any
// goroutine.
type Seat struct {
	keeper *keeper
	stop   context.CancelFunc
	// stopped is closed by stop, or with the context of Hold; done when nothing is sent any more.
	stopped <-chan struct{}
	done    chan struct{}
	changes chan Change
	waits   waits
	closing sync.Once
	closed  error
	// calls lets one request for the seat go at a time.
	calls sync.Mutex

	mu       sync.Mutex
	license  verify.License
	held     bool
	borrowed bool
	inGrace  bool
	// silent: changes is closed.
	silent bool
	// until is when the seat ends by the server's clock, and next when the next request is
	// due by the device's.
	until, next time.Time
	interval    time.Duration
	failure     error
	// doubted is when the device noticed that the seat is over, but that nothing was tried meanwhile, or that
	// only its calendar says so; zero when neither is so.
	doubted time.Time
	// hurried: a wait was cut since the last success, because the seat would have ended in it.
	hurried bool
}

// Hold acquires a seat and keeps it until ctx ends or Close is called. Close also releases it;
// without that the seat is free again after the licence's lease time. A server that cannot be
// reached is tried again for as long as Config.StartTimeout; what the API refuses (no free seat,
// licence suspended…) is returned at once, as *Refusal.
func Hold(ctx context.Context, config Config) (*Seat, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	s := &Seat{keeper: newKeeper(config), done: make(chan struct{}), changes: make(chan Change, 16), waits: waits{random: config.Random}}
	if err := s.first(ctx); err != nil {
		s.keeper.close()
		return nil, fmt.Errorf("client: no seat of licence %q: %w", config.License, err)
	}
	ctx, s.stop = context.WithCancel(ctx)
	s.stopped = ctx.Done()
	go s.tell(config.Changed)
	go s.keep(ctx)
	return s, nil
}

// first acquires the seat within the time that Config.StartTimeout gives.
func (s *Seat) first(ctx context.Context) error {
	clock := s.keeper.config.Clock
	deadline := clock.Now().Add(s.keeper.config.StartTimeout)
	for {
		g, err := s.keeper.acquire(ctx)
		if err == nil {
			s.granted(g)
			return nil
		}
		wait := s.waits.after(err)
		if final(err) || ctx.Err() != nil || clock.Now().Add(wait).After(deadline) {
			return err
		}
		if sleepErr := clock.Sleep(ctx, wait); sleepErr != nil {
			return fmt.Errorf("%w, while this was to be tried again: %w", sleepErr, err)
		}
	}
}

// Held reports whether the seat is held now. It is true while the server cannot be reached,
// until the time that the server last promised is over.
func (s *Seat) Held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held && s.keeper.time.now().Before(s.until)
}

// Until is when the seat ends if the server is not reached any more, by the server's clock.
func (s *Seat) Until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until
}

// License is what the last verified token says.
func (s *Seat) License() verify.License {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.license
}

// InGrace is true when the licence's own time is over: its seats are renewed for some time more,
// and no new ones granted.
func (s *Seat) InGrace() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inGrace
}

// Failure is why the last request failed; nil when it did not. A seat may be held all the same.
func (s *Seat) Failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

const (
	// closeTries and closeTime bound the release at the end.
	closeTries = 3
	closeTime  = 10 * time.Second
)

// Close ends the heartbeats and releases the seat, within ctx and 10 seconds. A seat that was
// borrowed stays so: Return gives it back. An error means that the seat may stay taken for one
// lease time more. Further calls return the same.
func (s *Seat) Close(ctx context.Context) error {
	s.closing.Do(func() {
		s.stop()
		<-s.done
		defer s.keeper.close()
		s.calls.Lock()
		defer s.calls.Unlock()
		s.mu.Lock()
		lease, keep := s.license.Lease, s.borrowed && s.keeper.time.now().Before(s.license.ExpiresAt)
		s.held = false
		s.mu.Unlock()
		if !keep {
			if err := s.keeper.releaseSurely(ctx, lease); err != nil && !gone(err) {
				s.closed = fmt.Errorf("client: the seat is not released and ends by itself: %w", err)
			}
		}
	})
	return s.closed
}

// Leave ends the heartbeats and leaves the seat to other programs of the device that hold it, too.
// Without such a program the seat is free again after the licence's lease time. Close does nothing afterwards.
func (s *Seat) Leave() {
	s.closing.Do(func() {
		s.stop()
		<-s.done
		s.keeper.close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = false
	})
}

// releaseSurely tries a release again that did not reach the server.
func (c *caller) releaseSurely(ctx context.Context, lease string) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	again := waits{random: c.config.Random}
	var err error
	for try := range closeTries {
		if err = c.release(ctx, lease); err == nil || final(err) || try == closeTries-1 {
			break
		}
		wait := again.after(err)
		if wait > closeTime || c.config.Clock.Sleep(ctx, wait) != nil {
			break
		}
	}
	return err
}

// beat sends a heartbeat and notes what it answers.
func (s *Seat) beat(ctx context.Context, lease string) error {
	var answer struct {
		LeaseID          string    `json:"leaseId"`
		ExpiresAt        time.Time `json:"expiresAt"`
		HeartbeatSeconds int       `json:"heartbeatSeconds"`
		InGrace          bool      `json:"inGrace"`
	}
	if err := s.keeper.post(ctx, "/v1/leases/"+url.PathEscape(lease)+"/heartbeat", nil, &answer); err != nil {
		return err
	}
	if answer.LeaseID != lease || answer.ExpiresAt.IsZero() {
		// A proxy's or a hotel's page may be JSON, too.
		return errors.New("the answer to a heartbeat is not one of the licence server's")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inGrace = answer.InGrace
	s.extended(answer.ExpiresAt, interval(answer.HeartbeatSeconds))
	return nil
}

func (s *Seat) granted(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.license, s.borrowed, s.inGrace = g.license, g.license.Borrowed, g.license.InGrace
	s.extended(g.license.ExpiresAt, g.interval())
}

// extended notes a success. The server said yes: an end that lies in the past then comes from a
// server whose clock is wrong, and the seat is good until the next heartbeat.
func (s *Seat) extended(until time.Time, interval time.Duration) {
	now := s.keeper.time.now()
	if !until.After(now) {
		until = now.Add(interval)
	}
	s.until, s.interval, s.failure, s.doubted, s.hurried = until, interval, nil, time.Time{}, false
	s.waits.reset()
	s.next = s.keeper.config.Clock.Now().Add(s.waits.pace(interval))
	if !s.held {
		s.held = true
		if s.stop != nil {
			s.note(Change{Held: true, At: now})
		}
	}
}
