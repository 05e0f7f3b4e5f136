package dataplane

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/kubelet"
	"github.com/coditect-ai/license-platform/local/process"
	"github.com/coditect-ai/license-platform/local/sandbox"
)

// attached is a running pod with its sandbox.
type attached struct {
	pod     kubelet.Pod
	sandbox *sandbox.Sandbox

	mu      sync.Mutex
	gone    bool
	offered map[netip.AddrPort]net.Listener // inside, for what can be attempted
	entries []net.Listener                  // on this machine, at the pod's own ports
	unwatch func()
}

// Start runs the pod's program in a sandbox; where there is none, beside
// everything else. The pod's address has to be its own.
func (d *Dataplane) Start(pod kubelet.Pod, command process.Command) (*process.Process, error) {
	if d.refused != nil {
		return d.config.Supervisor.Start(command)
	}
	if before := d.at(pod.IP); before != nil {
		d.detach(before) // its process has ended, or it could not be started again
	}
	started, err := sandbox.Start(d.config.Supervisor, d.config.Shim, command)
	if err != nil {
		return nil, err
	}
	a := &attached{pod: pod, sandbox: started, offered: map[netip.AddrPort]net.Listener{}}
	if err := d.attach(a); err != nil {
		started.Process.Kill()
		d.detach(a)
		return nil, fmt.Errorf("attach pod %s/%s to the network: %w", pod.Namespace, pod.Name, err)
	}
	d.work.Go(func() {
		<-started.Process.Done()
		d.detach(a)
	})
	return started.Process, nil
}

// attach opens everything, so that the program finds it, and starts the program.
func (d *Dataplane) attach(a *attached) error {
	d.mu.Lock()
	d.pods[a.pod.IP] = a
	d.mu.Unlock()
	d.offer(a)
	stop, err := a.sandbox.Watch(func(attempt sandbox.Attempt) { d.attempted(a, attempt) })
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.unwatch = stop
	a.mu.Unlock()
	for _, port := range slices.Sorted(maps.Values(a.pod.Ports)) {
		if err := d.open(a, netip.AddrPortFrom(a.pod.IP, uint16(port))); err != nil {
			return err
		}
	}
	return a.sandbox.Begin()
}

// detach takes the pod off the network. Connections end by themselves, with the
// program's ends of them.
func (d *Dataplane) detach(a *attached) {
	d.mu.Lock()
	if d.pods[a.pod.IP] == a {
		delete(d.pods, a.pod.IP)
	}
	d.mu.Unlock()
	a.mu.Lock()
	already := a.gone
	a.gone = true
	for _, listener := range a.offered {
		_ = listener.Close()
	}
	for _, listener := range a.entries {
		_ = listener.Close()
	}
	unwatch := a.unwatch
	a.mu.Unlock()
	if already {
		return
	}
	a.sandbox.Close()
	if unwatch != nil {
		unwatch()
	}
}

// offer lets the pod attempt to reach every service and every other pod: whether
// it may is decided when it does.
func (d *Dataplane) offer(a *attached) {
	wanted := d.destinations(a.pod)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return
	}
	for to, listener := range a.offered {
		if _, still := wanted[to]; !still {
			_ = listener.Close()
			delete(a.offered, to)
		}
	}
	for to := range wanted {
		if a.offered[to] != nil {
			continue
		}
		listener, err := a.sandbox.Listen(to)
		if err != nil {
			d.config.Log.Warn("a pod cannot attempt to reach a service", "pod", a.pod.Name, "to", to.String(), "error", err)
			continue
		}
		a.offered[to] = listener
		d.work.Go(func() { d.accept(listener, func(conn net.Conn) { d.leave(a, conn, to) }) })
	}
}

// destinations are what the pod can attempt to reach.
func (d *Dataplane) destinations(of kubelet.Pod) map[netip.AddrPort]bool {
	all := map[netip.AddrPort]bool{}
	for _, service := range d.config.Services() {
		all[service.Address] = true
	}
	for _, pod := range d.config.Pods() {
		if !pod.IP.IsValid() || pod.IP == of.IP {
			continue
		}
		for _, port := range pod.Ports {
			all[netip.AddrPortFrom(pod.IP, uint16(port))] = true
		}
	}
	return all
}

// attempted judges what the program tries to reach although nothing here has
// that address: it was refused already, and this tells why.
func (d *Dataplane) attempted(a *attached, attempt sandbox.Attempt) {
	if attempt.To.Addr() == a.pod.IP || attempt.To.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return // the pod talks to itself, or the daemon to the pod
	}
	a.mu.Lock()
	offered := a.offered[attempt.To] != nil
	a.mu.Unlock()
	if offered && attempt.Protocol == string(corev1.ProtocolTCP) {
		return // leave decides
	}
	w := d.leaving(a.pod, attempt.To)
	w.protocol = corev1.Protocol(attempt.Protocol)
	if d.deny(w) == "" {
		d.config.Log.Info("a pod may reach an address that the embedded cloud does not have", "pod", a.pod.Name, "protocol", attempt.Protocol, "to", attempt.To.String())
	}
}

// leaving is what the pod wants when it dials the address.
func (d *Dataplane) leaving(pod kubelet.Pod, to netip.AddrPort) want {
	return want{from: podEnd(pod), to: d.who(to), protocol: corev1.ProtocolTCP, port: to.Port()}
}

// who is at an address.
func (d *Dataplane) who(at netip.AddrPort) end {
	if pod, ok := d.podAt(at.Addr()); ok {
		return podEnd(pod)
	}
	names := []string{}
	for _, service := range d.config.Services() {
		if service.Address == at {
			names = append(names, service.Name)
		}
	}
	name := at.String()
	if len(names) > 0 {
		name += " (" + strings.Join(names, ", ") + ")"
	}
	return outside(name, at.Addr())
}

// podAt is the pod that has the address.
func (d *Dataplane) podAt(address netip.Addr) (kubelet.Pod, bool) {
	if a := d.at(address); a != nil {
		return a.pod, true
	}
	for _, pod := range d.config.Pods() {
		if pod.IP == address {
			return pod, true
		}
	}
	return kubelet.Pod{}, false
}

// at is the running pod that has the address, nil when none has.
func (d *Dataplane) at(address netip.Addr) *attached {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pods[address]
}

func (d *Dataplane) attachedPods() []*attached {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.pods))
}
