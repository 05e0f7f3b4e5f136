package dataplane

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// Guest is a pod whose program is part of this process.
type Guest struct {
	network  *Dataplane
	pod      kubelet.Pod
	attached *attached // nil where pods have no network of their own
}

// Join attaches a pod that this process serves, or only speaks for. It leaves
// with Leave, or with the dataplane.
func (d *Dataplane) Join(pod kubelet.Pod) (*Guest, error) {
	g := &Guest{network: d, pod: pod}
	if d.refused != nil {
		return g, nil
	}
	a, err := d.attach(pod, process.Command{Name: "guest-" + pod.Namespace + "_" + pod.Name, Path: d.config.Shim}) // never begun
	if err != nil {
		return nil, err
	}
	g.attached = a
	return g, nil
}

// Listen listens at a port of the pod.
func (g *Guest) Listen(port int32) (net.Listener, error) {
	at := netip.AddrPortFrom(g.pod.IP, uint16(port))
	if g.attached != nil {
		return g.attached.sandbox.Listen(at, false)
	}
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("open a port of pod %s/%s: %w", g.pod.Namespace, g.pod.Name, err)
	}
	return listener, nil
}

// Done is closed when the pod has ended without Leave, killed for example. It is nil, and so
// never closed, where pods have no network of their own.
func (g *Guest) Done() <-chan struct{} {
	if g.attached == nil {
		return nil
	}
	return g.attached.sandbox.Process.Done()
}

// Leave takes the pod off the network, so that it can join again; what it listens
// at stays its own to close.
func (g *Guest) Leave() {
	if g.attached != nil {
		g.attached.sandbox.Process.Kill()
		<-g.attached.sandbox.Process.Done()
		g.network.detach(g.attached)
	}
}
