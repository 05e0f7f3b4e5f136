package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// crashEvery is how often the API's processes are killed while it is made to
// fail: long before its startup probe has passed.
const crashEvery = 100 * time.Millisecond

// faults knows what fails on purpose. A restarted daemon has no faults.
type faults struct {
	changing sync.Mutex // one change at a time

	mu       sync.Mutex
	active   map[string]bool
	watchers watch.Changes
	crash    context.CancelFunc // ends the API's crash loop
	crashes  sync.WaitGroup
	unlock   []func(context.Context) // ends the transactions that hold the locks
	callers  map[string]context.CancelFunc
	calling  sync.WaitGroup
}

func (f *faults) has(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.active[name]
}

func (f *faults) set(name string, active bool) {
	f.mu.Lock()
	if f.active == nil {
		f.active = map[string]bool{}
	}
	f.active[name] = active
	f.mu.Unlock()
	f.watchers.Tell()
}

// names lists what fails, in the order of fault.All.
func (f *faults) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(fault.Names(), func(name string) bool { return !f.active[name] })
}

// setFault makes a part fail, or heals it; doing it twice does nothing. ctx is the
// daemon's life.
func (d *Daemon) setFault(ctx context.Context, name string, active bool) error {
	found, known := fault.Find(name)
	if !known {
		return fmt.Errorf("%q cannot be made to fail; allowed are %s", name, strings.Join(fault.Names(), ", "))
	}
	d.faults.changing.Lock()
	defer d.faults.changing.Unlock()
	if d.faults.has(name) == active {
		return nil
	}
	if !active {
		d.faults.stopCallers(name) // first: who was kept waiting would come all at once
	}
	if change := d.changes()[name]; change != nil {
		if err := change(ctx, active); err != nil {
			return err
		}
	}
	d.faults.set(name, active)
	if active {
		d.call(ctx, found)
		d.timelineMarks.add("fault", name+" is made to fail")
	} else {
		d.timelineMarks.add("healed", name+" is healed")
	}
	if later := d.effects()[name]; later != nil {
		if err := later(); err != nil {
			return err
		}
	}
	d.log.Warn("fault", "name", name, "active", active)
	return nil
}

// changes cause the faults for which a flag is not enough.
func (d *Daemon) changes() map[string]func(ctx context.Context, active bool) error {
	return map[string]func(context.Context, bool) error{
		fault.Redis: d.failRedis, fault.Postgres: d.failPostgres, fault.API: d.failAPI, fault.Cluster: d.failCluster,
		fault.DatabaseLock: d.lockTables, fault.RedisMemory: d.fillCaches,
		fault.KeyVersion: d.destroyKeyVersions, fault.SecretRead: d.readSecrets,
	}
}

// effects are what has to look at a fault once it is set or healed.
func (d *Daemon) effects() map[string]func() error {
	return map[string]func() error{fault.Certificate: d.loadBalancer.Reissue}
}

func (d *Daemon) failRedis(ctx context.Context, active bool) error {
	if active {
		return d.caches.fail(ctx)
	}
	d.caches.heal()
	return d.restart(ctx, gcp.TypeRedisInstance)
}

func (d *Daemon) failPostgres(ctx context.Context, active bool) error {
	if active {
		return d.databases.fail(ctx)
	}
	d.databases.heal()
	return d.restart(ctx, gcp.TypeDatabaseInstance)
}

// recreate makes the resources of a type real once more.
func (d *Daemon) recreate(ctx context.Context, typ string) error {
	var failed []error
	for _, r := range d.store.List(typ) {
		failed = append(failed, d.gcp.Restore(ctx, r))
	}
	return errors.Join(failed...)
}

// failAPI kills the API's processes whenever they run: a crash loop. Healed, new
// pods take their place, so that nobody waits for the end of a back-off.
func (d *Daemon) failAPI(ctx context.Context, active bool) error {
	deployments := d.store.List(kubernetes.TypeDeployment)
	if len(deployments) == 0 {
		return errors.New("the API is not deployed yet: 'make up' does that")
	}
	each := func(do func(namespace, name string) error) error {
		var failed []error
		for _, r := range deployments {
			namespace, name, _ := strings.Cut(r.ID, "/")
			failed = append(failed, do(namespace, name))
		}
		return errors.Join(failed...)
	}
	if !active {
		d.faults.crash()
		d.faults.crashes.Wait()
		return each(d.renew)
	}
	ctx, d.faults.crash = context.WithCancel(ctx)
	d.faults.crashes.Go(func() {
		ticker := time.NewTicker(crashEvery)
		defer ticker.Stop()
		for {
			_ = each(d.kubelet.RestartPods) // one that was deleted meanwhile has no pods
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	return nil
}

// renew replaces all pods at once.
func (d *Daemon) renew(namespace, name string) error {
	now, exists := d.kubelet.DeploymentStatus(namespace, name)
	if !exists {
		return nil
	}
	return errors.Join(d.kubelet.Scale(namespace, name, 0), d.kubelet.Scale(namespace, name, now.Desired))
}
