package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	// serverInterval is how often the daemon looks for servers that have ended.
	serverInterval = time.Second
	// restartInterval is how long after a failed start the next one is tried.
	restartInterval = 10 * time.Second
)

// keepServers starts PostgreSQL and Redis anew when one has ended by itself, killed or out
// of memory, as Cloud SQL and Memorystore do. It looks at each tick until ctx ends.
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
		if err := d.recreate(ctx, kind.typ); err != nil {
			failed = fmt.Errorf("the instance %s has ended and does not start again: %w", name, err)
			d.log.Error("a server does not start again", "instance", name, "error", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endedServers = failed
	return failed
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
