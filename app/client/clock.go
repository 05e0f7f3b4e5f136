package client

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Clock tells the time and waits. A clock of a test may have a method Calendar() time.Time too:
// the time of day as somebody has set it, while Now runs on undisturbed.
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
	return sleep(ctx, d, calendarInterval, time.Now)
}

// calendarInterval is how often a wait compares the time of day. Timers stand still while the
// device is suspended (CLOCK_MONOTONIC, clock_gettime(2)), and the seat may be over afterwards.
const calendarInterval = 5 * time.Second

// sleep waits until d is over by the running clock or by the calendar.
func sleep(ctx context.Context, d, interval time.Duration, now func() time.Time) error {
	begun := now()
	for {
		left := d - longer(begun, now())
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, interval))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// longer is how long it is from one time to another: the longer one of what the device's running
// clock and its calendar say. The calendar may be set back, and the running clock stands still
// while the device sleeps.
func longer(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// exact is how far the device's clock may be from the server's Date before it counts as
// wrong: Date has whole seconds, and the answer took a while.
const exact = 2 * time.Second

// serverTime estimates the server's clock from the Date of its answers, because the clock
// of a device may be hours off, and leases end by the server's.
type serverTime struct {
	clock Clock

	mu sync.Mutex
	// at is the server's time when the device's clock was local, and its calendar said calendar.
	at, local, calendar time.Time
}

func newServerTime(clock Clock) *serverTime {
	now := clock.Now()
	return &serverTime{clock: clock, at: now, local: now, calendar: calendarOf(clock, now)}
}

// calendarOf is what the device's calendar says now.
func calendarOf(clock Clock, now time.Time) time.Time {
	if apart, ok := clock.(interface{ Calendar() time.Time }); ok {
		return apart.Calendar().Round(0)
	}
	return now.Round(0)
}

// now is the server's time. The time that went by since its last answer is the longer one of
// what the device's calendar and its running clock say.
func (s *serverTime) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	return s.at.Add(max(now.Sub(s.local), calendarOf(s.clock, now).Sub(s.calendar)))
}

// running is the server's time by the running clock alone.
func (s *serverTime) running() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Add(s.clock.Now().Sub(s.local))
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
	s.at, s.local, s.calendar = estimate.Add(received.Sub(middle)).Round(0), received, calendarOf(s.clock, received)
}
