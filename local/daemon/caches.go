package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// caches runs Memorystore instances as Redis servers.
type caches struct {
	dir, logs  string
	authority  *certificate.Authority
	supervisor *process.Supervisor
	log        *slog.Logger

	mu      sync.Mutex
	running map[string]*redis.Server
	down    bool // made to fail
}

var _ gcp.Caches = (*caches)(nil)

// EnsureCache starts the instance, or gives a running one its settings.
func (c *caches) EnsureCache(ctx context.Context, instance string, at netip.AddrPort, password string, configs map[string]string, memoryMiB int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return fmt.Errorf("the Redis instance %s does not run: %w", short(instance), errDown)
	}
	if server, exists := c.running[instance]; exists {
		select {
		case <-server.Done():
		default:
			return server.SetConfigs(ctx, configs)
		}
	}
	pair, err := c.authority.Issue(nil, []netip.Addr{at.Addr()})
	if err != nil {
		return err
	}
	name := short(instance)
	server, err := redis.Start(ctx, redis.Config{
		Name: "redis-" + name, Dir: filepath.Join(c.dir, name), LogPath: filepath.Join(c.logs, "redis-"+name+".log"),
		Address: at, Certificate: pair, Password: password, Configs: configs, MemoryMiB: memoryMiB, Supervisor: c.supervisor, Log: c.log,
	})
	if err != nil {
		return fmt.Errorf("start the Redis instance %s: %w", name, err)
	}
	c.running[instance] = server
	return nil
}

// RemoveCache stops the instance; its data is gone with it.
func (c *caches) RemoveCache(ctx context.Context, instance string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if server, exists := c.running[instance]; exists {
		if err := server.Stop(ctx); err != nil {
			return fmt.Errorf("stop the Redis instance %s: %w", short(instance), err)
		}
		delete(c.running, instance)
	}
	return removeData(filepath.Join(c.dir, short(instance)))
}

// ended names an instance that has ended by itself; empty when all run.
func (c *caches) ended() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, server := range c.running {
		if !c.down && hasEnded(server.Done()) {
			return short(name)
		}
	}
	return ""
}

// stop ends every instance and keeps its data.
func (c *caches) stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed []error
	for name, server := range c.running {
		if err := server.Stop(ctx); err != nil {
			failed = append(failed, fmt.Errorf("stop the Redis instance %s: %w", short(name), err))
		}
	}
	c.running = map[string]*redis.Server{}
	return errors.Join(failed...)
}

// short is the last part of a resource's full name.
func short(name string) string { return name[strings.LastIndex(name, "/")+1:] }

func removeData(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the data in %s: %w", dir, err)
	}
	return nil
}

// memory tells how full the running instances are; one that does not answer is
// left out.
func (c *caches) memory(ctx context.Context) (all []monitoring.Memory) {
	c.mu.Lock()
	running := maps.Clone(c.running)
	c.mu.Unlock()
	for instance, server := range running {
		if used, limit, err := server.Memory(ctx); err == nil {
			all = append(all, monitoring.Memory{Instance: instance, Used: used, Max: limit})
		}
	}
	return all
}

// fill leaves a tenth of little memory free in every instance.
func (c *caches) fill(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.running) == 0 {
		return errors.New("no Redis instance runs that could be filled")
	}
	var failed []error
	for instance, server := range c.running {
		if err := server.Fill(ctx); err != nil {
			failed = append(failed, fmt.Errorf("fill the Redis instance %s: %w", short(instance), err))
		}
	}
	return errors.Join(failed...)
}

// empty takes away what fill has left, and gives the instances their memory back.
func (c *caches) empty(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed []error
	for instance, server := range c.running {
		select {
		case <-server.Done():
			continue // its filling ends by itself
		default:
		}
		if err := server.Empty(ctx); err != nil {
			failed = append(failed, fmt.Errorf("empty the Redis instance %s: %w", short(instance), err))
		}
	}
	return errors.Join(failed...)
}
