// Package dataplane enforces the declared NetworkPolicies on this machine, as
// GKE's Dataplane V2 does in a cluster: every pod runs in a sandbox, and every
// connection into it or out of it is opened here, after the policies are evaluated.
// A denied connection is dropped, not refused: the client waits for its own timeout,
// and the journal names the missing rule at once. When a rule is removed, its open
// connections stall; they continue when the rule is back.
//
// No address is translated: the embedded cloud's services have loopback addresses of
// their own, which the stack's settings (endpoints, privateServicesRange) put into the
// policies. These sources stand for others that are not on this machine:
//
//   - the load balancer and its health checks come from both of Google's front-end
//     ranges;
//   - any process of this machine that is not a pod, for example your curl of a pod's
//     metrics, counts as managed Prometheus;
//   - the kubelet's probes come from the node, which no policy denies.
package dataplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/k8s/reachability"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// Rules are what is declared.
type Rules struct {
	// Policies are the policies of every namespace.
	Policies []networkingv1.NetworkPolicy
	// Namespaces are the labels of each namespace.
	Namespaces map[string]map[string]string
	// BlocksMatchPods is how the cluster's dataplane understands address blocks:
	// Dataplane V2 does not take pods for addresses, Calico does.
	BlocksMatchPods bool
}

// Config is what a dataplane needs.
type Config struct {
	// Supervisor runs the sandboxes. Shim is the executable in which
	// sandbox.Command runs sandbox.Inside.
	Supervisor *process.Supervisor
	Shim       string
	// Rules, Pods and Services tell what there is now. Changed has to be called
	// when they tell something else.
	Rules    func() (Rules, error)
	Pods     func() []kubelet.Pod
	Services func() []Service
	// Environment are variables by which a pod's program finds services that pods of a real
	// cluster find without them; nil for none. sharesNetwork says that the pod has no network
	// of its own, and so not the addresses that a cluster's have.
	Environment func(pod kubelet.Pod, sharesNetwork bool) []string
	// Log logs every denial.
	Log *slog.Logger
}

// Dataplane is safe for concurrent use.
type Dataplane struct {
	config  Config
	refused error // why pods have no sandbox, nil when they do
	changed chan struct{}
	journal *journal
	tried   *journal // what the embedded cloud's own attacks were denied

	live context.Context // until Close
	stop context.CancelFunc
	work sync.WaitGroup

	version atomic.Uint64 // of rules, pods and services: how often they changed

	reading sync.Mutex // guards what follows
	known   clusterState

	mu    sync.Mutex
	pods  map[netip.Addr]*attached
	flows map[*flow]struct{}

	trials  trials
	carries sync.Map // netip.AddrPort: where pods' connections come from
}

var _ kubelet.Network = (*Dataplane)(nil)

// New returns a dataplane without pods. It tries whether this machine can have
// sandboxes at all.
func New(config Config) *Dataplane {
	d := &Dataplane{
		config: config, changed: make(chan struct{}, 1), journal: newJournal(config.Log), tried: newJournal(slog.New(slog.DiscardHandler)),
		pods: map[netip.Addr]*attached{}, flows: map[*flow]struct{}{},
	}
	d.version.Store(1)
	d.live, d.stop = context.WithCancel(context.Background())
	noDrop, err := sandbox.Check(config.Supervisor, config.Shim)
	switch {
	case err != nil:
		d.refused = fmt.Errorf("pods run without a network and a file system of their own, so NetworkPolicies hold at the load balancer only: %w", err)
		config.Log.Warn(d.refused.Error())
	case noDrop != "":
		config.Log.Warn("connections of pods to unused addresses are refused at once and not dropped", "why", noDrop)
	}
	return d
}

// Explain returns the latest denial that concerns the pod, if any.
func (d *Dataplane) Explain(namespace, name string) string {
	return d.journal.explain(namespace + "/" + name)
}

// ExplainFrontEnds returns the latest denials for the load balancer, if any.
func (d *Dataplane) ExplainFrontEnds() string { return d.journal.explainTo(frontEnds().name) }

// Changed says that rules, pods or services have changed. It does not block.
func (d *Dataplane) Changed() {
	d.version.Add(1)
	select {
	case d.changed <- struct{}{}:
	default: // it has not looked since the last change
	}
}

// Run applies changes until ctx ends: pods can attempt to reach new pods and services,
// connections that are no longer allowed stall, and connections that are allowed again
// continue.
func (d *Dataplane) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.changed:
		}
		for _, a := range d.attachedPods() {
			d.offer(a)
		}
		for _, f := range d.openFlows() {
			if d.deny(f.want) != "" {
				f.stall()
			} else {
				f.resume()
			}
		}
	}
}

// Close cuts every connection and waits until all is gone. The pods' processes
// have to be ended before.
func (d *Dataplane) Close() {
	d.stop()
	for _, a := range d.attachedPods() {
		d.detach(a)
	}
	for _, f := range d.openFlows() {
		f.cut()
	}
	d.work.Wait()
}

// clusterState is the rules, pods and services at one version.
type clusterState struct {
	version  uint64
	cluster  reachability.Cluster
	services map[netip.AddrPort]Service
}

// now is the world as it is now.
func (d *Dataplane) now() (clusterState, error) {
	d.reading.Lock()
	defer d.reading.Unlock()
	version := d.version.Load()
	if version == d.known.version {
		return d.known, nil
	}
	rules, err := d.config.Rules()
	if err != nil {
		return clusterState{}, fmt.Errorf("read the NetworkPolicies: %w", err)
	}
	d.known = clusterState{
		version:  version,
		cluster:  reachability.Cluster{Policies: rules.Policies, Namespaces: rules.Namespaces, BlocksMatchPods: rules.BlocksMatchPods},
		services: map[netip.AddrPort]Service{},
	}
	for _, service := range d.config.Services() {
		d.known.services[service.Address] = service
	}
	return d.known, nil
}

// evaluate returns why the connection is denied, and by whose policies; nothing when
// it is allowed. What cannot be decided is denied.
func (d *Dataplane) evaluate(w want) (why, pod string) {
	now, err := d.now()
	if err != nil {
		return err.Error(), ""
	}
	decision, err := w.decide(now.cluster)
	switch {
	case err != nil:
		return err.Error(), ""
	case decision.Allowed:
		return "", ""
	default:
		return w.denial(decision), w.pod(decision.Direction)
	}
}

// deny evaluates an attempt, and takes a denial down.
func (d *Dataplane) deny(w want) (why string) {
	why, pod := d.evaluate(w)
	switch {
	case why == "":
	case d.trials.has(w):
		d.tried.record(pod, why, w)
	default:
		d.journal.record(pod, why, w)
	}
	return why
}

// errDenied is what callers of a dial get.
var errDenied = errors.New("denied by NetworkPolicy")

// dial opens a connection: into a sandbox, or on this machine, where it comes
// from the given address, when that is valid.
func (d *Dataplane) dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	if a := d.at(to.Addr()); a != nil {
		return a.sandbox.Dial(ctx, to)
	}
	var dialer net.Dialer
	if from.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil || !from.IsValid() {
		return conn, err
	}
	return d.note(conn), nil
}
