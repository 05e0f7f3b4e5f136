// Package kubelet runs Deployments and Jobs as processes of this machine, each
// pod with an address of its own. It does for the embedded cloud what the
// deployment and job controllers and the kubelet do for a cluster.
package kubelet

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"

	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// Config is what a kubelet needs.
type Config struct {
	// Dir receives the extracted images (run/DIGEST) and pod logs
	// (logs/pods/NAMESPACE_POD.log).
	Dir string
	// PodRange is the range that pod addresses are taken from.
	PodRange netip.Prefix
	// Registry is the only registry that images are pulled from, host:port over
	// HTTPS, for example 127.77.8.13:5000. An image of another host is refused.
	Registry string
	// CA verifies the registry's certificate.
	CA *x509.CertPool
	// Secret and ConfigMap return an object's entries, false when it does not
	// exist. They may be nil when no pod refers to one.
	// Resolver is the address of the cluster's DNS, which pods are told.
	Resolver netip.Addr
	// Supervisor runs the processes.
	Supervisor *process.Supervisor
	// Network is what pods are attached to; nil means the machine's own.
	Network Network
	// Log receives what happens to pods; never what a secret holds.
	Log *slog.Logger
}

// Kubelet is safe for concurrent use.
type Kubelet struct {
	config    Config
	images    *images
	addresses *addresses

	mu          sync.Mutex
	deployments map[string]*deployment
	jobs        map[string]*job
	pods        map[string]*pod
	static      map[string]Pod
	subscribers watch.Changes
	nextID      int
	woken       chan struct{} // closed and replaced at every change
	dirty       chan struct{} // tells the manager to look
	closing     chan struct{}
	closed      bool

	runners sync.WaitGroup // pods
	manager sync.WaitGroup
}

// New returns a kubelet without pods.
func New(config Config) (*Kubelet, error) {
	pool, err := newAddresses(config.PodRange)
	if err != nil {
		return nil, err
	}
	if config.Network == nil {
		config.Network = machine{config.Supervisor}
	}
	k := &Kubelet{
		config: config, addresses: pool, images: newImages(config),
		deployments: map[string]*deployment{}, jobs: map[string]*job{}, pods: map[string]*pod{}, static: map[string]Pod{},
		woken: make(chan struct{}), dirty: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	k.manager.Go(k.manage)
	return k, nil
}

// errClosed is returned once Close was called.
var errClosed = errors.New("the kubelet is closed")

// Close stops every pod and waits for it, without the preStop sleep.
func (k *Kubelet) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	for _, p := range k.pods {
		p.end(fast)
	}
	k.mu.Unlock()
	k.runners.Wait()
	close(k.closing)
	k.manager.Wait()
	k.images.close()
	return nil
}

// manage brings every Deployment one step further after each change and tells
// who listens.
func (k *Kubelet) manage() {
	for {
		select {
		case <-k.dirty:
		case <-k.closing:
			return
		}
		k.mu.Lock()
		for _, d := range k.deployments {
			k.reconcile(d)
		}
		k.mu.Unlock()
		k.subscribers.Tell()
	}
}

// touch tells everybody that something changed. It is called with the lock held.
func (k *Kubelet) touch() {
	close(k.woken)
	k.woken = make(chan struct{})
	select {
	case k.dirty <- struct{}{}:
	default: // the manager has not looked since the last one
	}
}

// change runs the edit with the lock held and tells everybody.
func (k *Kubelet) change(edit func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	edit()
	k.touch()
}

// Subscribe calls notify after changes of pods, at least once after the last
// one, until the returned function is called. notify must not block for long.
func (k *Kubelet) Subscribe(notify func()) (unsubscribe func()) { return k.subscribers.Add(notify) }

// Pods lists all pods, static ones and those of finished Jobs included, by
// namespace and name.
func (k *Kubelet) Pods() []Pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []Pod
	for _, p := range k.pods {
		all = append(all, p.status())
	}
	for _, p := range k.static {
		all = append(all, p)
	}
	for _, j := range k.jobs {
		if j.last != nil {
			all = append(all, *j.last)
		}
	}
	slices.SortFunc(all, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// AddStatic adds a pod that something else runs, or replaces it by namespace and
// name. Its address has to be allocated by the caller, outside of PodRange or by
// AllocateIP.
func (k *Kubelet) AddStatic(p Pod) {
	k.change(func() { k.static[key(p.Namespace, p.Name)] = p })
}

// AllocateIP takes a free address out of PodRange for good.
func (k *Kubelet) AllocateIP() (netip.Addr, error) { return k.addresses.take() }

func key(namespace, name string) string { return fmt.Sprintf("%s/%s", namespace, name) }
