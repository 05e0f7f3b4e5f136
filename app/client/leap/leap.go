// Package leap is a clock for package client that can be advanced, so that tests and drills
// need not wait for the heartbeats of seats.
package leap

import (
	"context"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
)

// Clock runs as the system's does, and ahead of it by what it was moved on.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
	woken chan struct{}
	// asleep is how many wait for woken.
	asleep int
}

var _ client.Clock = (*Clock)(nil)

// New returns a clock that is not ahead yet.
func New() *Clock { return &Clock{woken: make(chan struct{})} }

// Now implements client.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Sleep implements client.Clock. It ends early when the clock is moved on.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	woken := c.woken
	c.asleep++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if woken == c.woken {
			c.asleep--
		}
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-woken:
	}
	return ctx.Err()
}

// Asleep is how many sleep now, and are not woken yet. A seat sleeps between its requests.
func (c *Clock) Asleep() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asleep
}

// On moves the clock on and wakes those that sleep. A seat that is about to sleep has read the
// time already, and would miss this: wait until all are Asleep.
func (c *Clock) On(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	close(c.woken)
	c.woken, c.asleep = make(chan struct{}), 0
}
