package client

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	// Now is the device's time.
	Now() time.Time
	// Sleep waits for d, or until ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// system is the device's own clock.
type system struct{}

func (system) Now() time.Time { return time.Now() }

func (system) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

// exact is how far the device's clock may be from the server's Date before it counts as
// wrong: Date has whole seconds, and the answer took a while.
const exact = 2 * time.Second

// serverTime estimates the server's clock from the Date of its answers, because the clock
// of a device may be hours off, and leases end by the server's.
type serverTime struct {
	clock Clock

	mu sync.Mutex
	// at is the server's time when the device's clock was local.
	at, local time.Time
}

func newServerTime(clock Clock) *serverTime {
	now := clock.Now()
	return &serverTime{clock: clock, at: now, local: now}
}

// now is the server's time. The time that went by since its last answer is the longer one of
// what the device's calendar and its running clock say: the calendar may be set back, and the
// running clock stands still while the device sleeps.
func (s *serverTime) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	return s.at.Add(max(now.Sub(s.local), now.Round(0).Sub(s.local.Round(0))))
}

// observe takes the Date of an answer; one that is missing or wrong changes nothing.
func (s *serverTime) observe(header http.Header, sent, received time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	middle := sent.Add(received.Sub(sent) / 2)
	// Date leaves the fraction of the second out: half a second on average.
	estimate := date.Add(time.Second / 2)
	if skew := estimate.Sub(middle); skew.Abs() <= exact {
		estimate = middle
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.local = estimate.Add(received.Sub(middle)).Round(0), received
}
