package dataplane

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// attached is a running pod with its sandbox.
type attached struct {
	pod     kubelet.Pod
	sandbox *sandbox.Sandbox

	mu      sync.Mutex
	gone    bool
	offered map[netip.AddrPort]*egressListener // inside, for what can be attempted
	reached map[netip.AddrPort]bool            // what the program has connected to
	entries []net.Listener                     // on this machine, at the pod's own ports
	unwatch func()
}

// Start runs the pod's program in a sandbox, or without isolation where sandboxes are not
// possible. The pod's address has to be its own.
func (d *Dataplane) Start(pod kubelet.Pod, command process.Command) (*process.Process, error) {
	if d.config.Environment != nil {
		command.Env = slices.Concat(command.Env, d.config.Environment(pod, d.refused != nil))
	}
	if d.refused != nil {
		return d.config.Supervisor.Start(command)
	}
	a, err := d.attach(pod, command)
	if err != nil {
		return nil, err
	}
	if err := a.sandbox.Begin(); err != nil {
		a.sandbox.Process.Kill()
		return nil, fmt.Errorf("attach pod %s/%s to the network: %w", pod.Namespace, pod.Name, err)
	}
	return a.sandbox.Process, nil
}

// attach makes the pod's sandbox and opens everything in it, so that the program
// finds it when it begins.
func (d *Dataplane) attach(pod kubelet.Pod, command process.Command) (*attached, error) {
	if before := d.at(pod.IP); before != nil {
		d.detach(before) // its process has ended, or it could not be started again
	}
	started, err := sandbox.Start(d.config.Supervisor, d.config.Shim, pod.IP, command)
	if err != nil {
		return nil, err
	}
	a := &attached{pod: pod, sandbox: started, offered: map[netip.AddrPort]*egressListener{}, reached: map[netip.AddrPort]bool{}}
	if err := d.connect(a); err != nil {
		started.Process.Kill()
		d.detach(a)
		return nil, fmt.Errorf("attach pod %s/%s to the network: %w", pod.Namespace, pod.Name, err)
	}
	d.work.Go(func() {
		<-started.Process.Done()
		d.detach(a)
	})
	return a, nil
}

func (d *Dataplane) connect(a *attached) error {
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
	return nil
}

// detach takes the pod off the network. Connections end by themselves, with the
// program's ends of them; those that stall would not, and are cut.
func (d *Dataplane) detach(a *attached) {
	d.mu.Lock()
	if d.pods[a.pod.IP] == a {
		delete(d.pods, a.pod.IP)
	}
	d.mu.Unlock()
	a.mu.Lock()
	already := a.gone
	a.gone = true
	for _, offered := range a.offered {
		offered.close()
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
	for _, f := range d.openFlows() {
		if f.stalls() && (f.want.from.pod == podEnd(a.pod).pod || f.want.to.pod == podEnd(a.pod).pod) {
			f.cut()
		}
	}
}

// offer opens a listener in the sandbox for every service and every other pod. The
// policies decide at each connection; a destination that is denied now drops it.
func (d *Dataplane) offer(a *attached) {
	wanted := d.destinations(a.pod)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return
	}
	for to, offered := range a.offered {
		if !wanted[to] {
			offered.close()
			delete(a.offered, to)
		}
	}
	for to := range wanted {
		why, _ := d.evaluate(d.leaving(a.pod, to))
		err := d.offerOne(a, to, why != "")
		if err != nil {
			d.config.Log.Warn("a pod cannot attempt to reach a service", "pod", a.pod.Name, "to", to.String(), "error", err)
		}
	}
}

// offerOne is called with the pod's lock held.
func (d *Dataplane) offerOne(a *attached, to netip.AddrPort, shut bool) error {
	if offered := a.offered[to]; offered != nil {
		return offered.setShut(shut)
	}
	listener, err := a.sandbox.Listen(to, shut)
	if err != nil {
		return err
	}
	offered := &egressListener{listener: listener, shut: shut}
	a.offered[to] = offered
	d.work.Go(func() { d.accept(listener, func(conn net.Conn) { d.leave(a, conn, to) }) })
	if !d.locate(to).packets {
		return nil
	}
	if offered.packets, err = a.sandbox.ListenPacket(to); err != nil {
		return err
	}
	d.work.Go(func() { d.carry(a, offered.packets, to) })
	return nil
}

// egressListener accepts the pod's connections to one destination, inside its sandbox.
type egressListener struct {
	listener *sandbox.Listener
	packets  net.PacketConn // nil when none are taken
	shut     bool
}

func (o *egressListener) setShut(shut bool) error {
	if o.shut == shut {
		return nil
	}
	o.shut = shut
	return o.listener.SetShut(shut)
}

func (o *egressListener) close() {
	_ = o.listener.Close()
	if o.packets != nil {
		_ = o.packets.Close()
	}
}
