// Package daemon is the background process of the embedded cloud: it owns the
// services, the databases, the pods, the load balancer and the two providers, and
// goes on after `up` has returned.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/k8s/customresource"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/google/kms"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/google/registry"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/file"
	"github.com/coditect-ai/license-platform/local/host/process"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// stopTimeout bounds an orderly end.
const stopTimeout = 30 * time.Second

// Options say where the daemon has its folder and addresses.
type Options struct {
	// Dir is the embedded cloud's folder.
	Dir string
	// Plan says where everything listens.
	Plan address.Plan
	// Binary is the fingerprint of the running executable.
	Binary string
	// Log receives what happens.
	Log *slog.Logger
	// Outputs reads the stack's outputs from the engine's state; nil reads none.
	Outputs func() (map[string]any, error)
}

// Daemon is the running cloud.
type Daemon struct {
	options Options
	log     *slog.Logger

	store        *store.Store
	supervisor   *process.Supervisor
	authority    *certificate.Authority
	kms          *kms.Service
	secrets      *secretmanager.Service
	issuer       *identity.Issuer
	registry     *registry.Registry
	kubelet      *kubelet.Kubelet
	metadata     *metadata.Server
	network      *dataplane.Dataplane
	intruder     intruder
	history      *history
	book         *requestlog.Book
	databases    *databases
	caches       *caches
	loadBalancer *loadbalancer.LoadBalancer
	balancer     *ingresscontroller.Controller
	audit        *audit.Log
	monitoring   *monitoring.Monitoring
	gcp          *provider.Server
	kubernetes   *provider.Server
	cluster      *kubernetes.Cluster
	forgets      atomic.Bool // what of a cluster that is gone cannot be reached
	leaves       atomic.Bool // the whole cloud is about to go

	stop   context.CancelFunc
	faults faults
	drifts drifts

	refusals      refusals
	timelineMarks timelineMarks
	operations    operations

	mu       sync.Mutex
	problems []string // what another start of the daemon mends; see report
	// endedServers is why a server that has ended does not start again.
	endedServers error
}

// Run brings everything up, tells ready, and keeps it up until ctx ends or
// somebody asks it to stop. Everything it started has ended when it returns.
func Run(ctx context.Context, o Options, ready func(Record) error) (err error) {
	release, err := alone(ctx, o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &Daemon{options: o, log: o.Log, stop: cancel}
	if err := d.open(); err != nil {
		return errors.Join(err, d.close())
	}
	group, live := errgroup.WithContext(ctx)
	record, err := d.serve(live, group)
	if err == nil {
		d.restore(live)
		err = record.write(o.Dir)
	}
	if err == nil {
		err = ready(record)
	}
	if err != nil {
		cancel()
		return errors.Join(err, group.Wait(), d.close())
	}
	d.log.Info("ready", "pid", record.PID, "plan", record.Plan)
	group.Go(func() error {
		ticker := time.NewTicker(serverInterval)
		defer ticker.Stop()
		d.keepServers(live, ticker.C, time.Now)
		return nil
	})
	group.Go(func() error {
		ticker := time.NewTicker(folderInterval)
		defer ticker.Stop()
		d.watchFolder(live, record, ticker.C)
		return nil
	})
	err = group.Wait()
	return errors.Join(err, d.close())
}

// open creates or reads everything in the folder.
func (d *Daemon) open() (err error) {
	at := func(name string) string { return filepath.Join(d.options.Dir, name) }
	logs := at("logs")
	if d.store, err = store.Open(at("store.json"), file.Replace); err != nil {
		return err
	}
	if d.supervisor, err = process.NewSupervisor(at("run"), d.log); err != nil {
		return err
	}
	if d.authority, err = certificate.LoadOrCreate(d.options.Dir); err != nil {
		return err
	}
	if d.kms, err = kms.Open(at("kms"), d.log); err != nil {
		return fmt.Errorf("open the key management service: %w", err)
	}
	if d.secrets, err = secretmanager.Open(at("secretmanager")); err != nil {
		return fmt.Errorf("open the secret manager: %w", err)
	}
	if d.issuer, err = identity.Open(at("identity")); err != nil {
		return fmt.Errorf("open the identity platform: %w", err)
	}
	if d.registry, err = registry.Open(at("registry"), d.log); err != nil {
		return fmt.Errorf("open the registry: %w", err)
	}
	if err := d.openNetwork(); err != nil {
		return err
	}
	plan := d.options.Plan
	d.kubelet, err = kubelet.New(kubelet.Config{
		Dir: d.options.Dir, PodRange: plan.Pods(), Registry: plan.Registry().String(), CA: d.authority.Pool(),
		Resolver:   netip.MustParseAddr(cloudide.Names),
		Supervisor: d.supervisor, Network: d.network, Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("make the kubelet: %w", err)
	}
	d.openMetadata()
	d.databases = &databases{
		dir: at("postgres"), logs: logs, supervisor: d.supervisor, log: d.log, running: map[string]*postgres.Server{},
		mayLogIn: func(project, instance, member string) bool {
			return d.sqlAdmin().Allows(member, iam.SQLLogin, project, instance)
		},
	}
	d.caches = &caches{dir: at("redis"), logs: logs, authority: d.authority, supervisor: d.supervisor, log: d.log, running: map[string]*redis.Server{}}
	if err := d.openMonitoring(logs); err != nil {
		return err
	}
	schemas, err := customresource.NewSchemas()
	if err != nil {
		return fmt.Errorf("read the custom resource definitions: %w", err)
	}
	d.providers(schemas)
	return cloudide.Declare(d.store, addresses(plan), d.authority.PEM())
}

// close ends everything in the reverse order, and waits for it.
func (d *Daemon) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	d.faults.calling.Wait()
	d.faults.crashes.Wait()
	failed := []error{d.putBack(ctx)}
	if d.kubelet != nil {
		failed = append(failed, d.kubelet.Close())
	}
	if d.network != nil {
		d.network.Close()
	}
	if d.caches != nil {
		failed = append(failed, d.caches.stop(ctx))
	}
	if d.databases != nil {
		failed = append(failed, d.databases.stop(ctx))
	}
	if d.kms != nil {
		d.kms.Close()
	}
	if d.supervisor != nil {
		d.supervisor.Close()
	}
	if d.audit != nil {
		failed = append(failed, d.audit.Close())
	}
	failed = append(failed, remove(recordPath(d.options.Dir)))
	return errors.Join(failed...)
}

// restore makes everything real again that is in the store, in the order in
// which it was created. What fails is told, and does not keep the rest away.
func (d *Daemon) restore(ctx context.Context) {
	if err := d.restoreKeyVersions(); err != nil {
		d.log.Error("the signing key's versions could not be brought back", "error", err)
	}
	for _, r := range d.store.List() {
		for _, server := range []*provider.Server{d.gcp, d.kubernetes} {
			if err := server.Restore(ctx, r); err != nil {
				d.log.Error("a resource could not be brought back", "type", r.Type, "id", r.ID, "error", err)
				d.report(err.Error())
			}
		}
	}
}

// report adds a problem that another start of the daemon mends, which is what 'make up' does then.
func (d *Daemon) report(problem string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.problems = append(d.problems, problem)
}
