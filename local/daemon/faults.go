package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/provider/gcp"
	"github.com/coditect-ai/license-platform/local/provider/kubernetes"
)

// The parts that can be made to fail.
const (
	faultRedis    = "redis"
	faultPostgres = "postgres"
	faultKMS      = "kms"
	faultAPI      = "api"
	faultIdentity = "identity"
	faultOperator = "operator"
	faultCluster  = "cluster"
	faultAgents   = "agents"
)

// Faults are the names of the parts that can be made to fail.
func Faults() []string {
	return []string{faultRedis, faultPostgres, faultKMS, faultAPI, faultIdentity, faultOperator, faultCluster, faultAgents}
}

// crashEvery is how often the API's processes are killed while it is made to
// fail: long before its startup probe has passed.
const crashEvery = 100 * time.Millisecond

// faults knows what fails on purpose. A daemon that starts anew starts healthy.
type faults struct {
	changing sync.Mutex // one change at a time

	mu       sync.Mutex
	active   map[string]bool
	watchers map[int]func()
	next     int
	crash    context.CancelFunc // ends the API's crash loop
	crashes  sync.WaitGroup
}

// subscribe calls notify after every change until the returned function is called.
func (f *faults) subscribe(notify func()) (unsubscribe func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = map[int]func(){}
	}
	key := f.next
	f.next++
	f.watchers[key] = notify
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, key)
	}
}

func (f *faults) has(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.active[name]
}

func (f *faults) set(name string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.active == nil {
		f.active = map[string]bool{}
	}
	f.active[name] = active
	for _, notify := range f.watchers {
		notify() // none blocks
	}
}

// names lists what fails, in the order of Faults.
func (f *faults) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(Faults(), func(name string) bool { return !f.active[name] })
}

// setFault makes a part fail, or heals it; doing it twice does nothing. ctx is the
// daemon's life.
func (d *Daemon) setFault(ctx context.Context, name string, active bool) error {
	if !slices.Contains(Faults(), name) {
		return fmt.Errorf("%q cannot be made to fail; allowed are %s", name, strings.Join(Faults(), ", "))
	}
	d.faults.changing.Lock()
	defer d.faults.changing.Unlock()
	if d.faults.has(name) == active {
		return nil
	}
	change := map[string]func(context.Context, bool) error{
		faultRedis: d.failRedis, faultPostgres: d.failPostgres, faultAPI: d.failAPI, faultCluster: d.failCluster,
	}[name]
	if change != nil {
		if err := change(ctx, active); err != nil {
			return err
		}
	}
	d.faults.set(name, active)
	if active {
		d.moments.add("fault", name+" is made to fail")
	} else {
		d.moments.add("healed", name+" is healed")
	}
	d.log.Warn("fault", "name", name, "active", active)
	return nil
}

func (d *Daemon) failRedis(ctx context.Context, active bool) error {
	if active {
		return d.caches.fail(ctx)
	}
	d.caches.heal()
	return d.again(ctx, gcp.TypeRedisInstance)
}

func (d *Daemon) failPostgres(ctx context.Context, active bool) error {
	if active {
		return d.databases.fail(ctx)
	}
	d.databases.heal()
	return d.again(ctx, gcp.TypeDatabaseInstance)
}

// again makes the resources of a type real once more.
func (d *Daemon) again(ctx context.Context, typ string) error {
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
