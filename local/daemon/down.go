package daemon

import (
	"context"
	"errors"
)

// errDown refuses to work on what is made to fail.
var errDown = errors.New("it is down, because it was made to fail: 'go run ./local heal' brings it back")

// fail ends every instance and keeps it down; its data stays.
func (c *caches) fail(ctx context.Context) error {
	c.mu.Lock()
	c.down = true
	c.mu.Unlock()
	return c.stop(ctx)
}

// heal lets instances start again.
func (c *caches) heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = false
}

// fail ends every instance and keeps it down; its data stays.
func (d *databases) fail(ctx context.Context) error {
	d.mu.Lock()
	d.down = true
	d.mu.Unlock()
	return d.stop(ctx)
}

// heal lets instances start again.
func (d *databases) heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = false
}
