package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

const (
	// serverInterval is how often the daemon looks for servers that have ended.
	serverInterval = time.Second
	// restartInterval is how long after a failed start the next one is tried.
	restartInterval = 10 * time.Second
)

// keepServers restarts PostgreSQL and Redis when one has ended by itself, killed or out of
// memory, as Cloud SQL and Memorystore do. It looks at each tick until ctx ends.
func (d *Daemon) keepServers(ctx context.Context, ticks <-chan time.Time, now func() time.Time) {
	var next time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		if now().Before(next) {
			continue
		}
		if err := d.restartServers(ctx); err != nil && ctx.Err() == nil {
			next = now().Add(restartInterval)
		}
	}
}

// restartServers tells in the status what does not start.
func (d *Daemon) restartServers(ctx context.Context) error {
	var failed error
	for _, kind := range []struct {
		typ   string
		ended func() string
	}{{gcp.TypeDatabaseInstance, d.databases.ended}, {gcp.TypeRedisInstance, d.caches.ended}} {
		name := kind.ended()
		if name == "" {
			continue
		}
		d.log.Warn("a server has ended and is started again", "instance", name)
		d.faults.changing.Lock()
		err := d.restart(ctx, kind.typ)
		d.faults.changing.Unlock()
		if err != nil {
			failed = fmt.Errorf("the instance %s has ended and does not start again: %w", name, err)
			d.log.Error("a server does not start again", "instance", name, "error", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endedServers = failed
	return failed
}

// restart makes the servers of a type run again, with the faults that they had: a lock or a
// limit ends with the server, and the fault lasts until it is healed. The caller holds
// faults.changing.
func (d *Daemon) restart(ctx context.Context, typ string) error {
	if err := d.recreate(ctx, typ); err != nil {
		return err
	}
	switch {
	case typ == gcp.TypeRedisInstance && d.faults.has(fault.RedisMemory):
		return d.fillCaches(ctx, true)
	case typ == gcp.TypeDatabaseInstance && d.faults.has(fault.DatabaseLock):
		return d.lockTables(ctx, true)
	default:
		return nil
	}
}

// hasEnded says whether a process has ended, by its channel.
func hasEnded(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
