package dataplane

import (
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

// Service is something that pods may want to reach, besides the pods themselves.
type Service struct {
	// Name says what it is, for messages: "Memorystore instance license-redis".
	Name string
	// Address is where pods reach it, each address once.
	Address netip.AddrPort
	// Behind is the pod and port by which the cluster replaces the address before it
	// evaluates policies, as it does for its Services. Without it policies evaluate the
	// address.
	Behind netip.AddrPort
	// At is where it listens on this machine; when it is not given, at Behind or at
	// Address. It sees the pod's address as the source.
	At netip.AddrPort
	// Packets says that it takes UDP packets, too, and answers each with one.
	Packets bool
}

// place is where an address leads.
type place struct {
	// evaluated is what policies are asked about, at where it really is.
	evaluated, at netip.AddrPort
	name          string
	packets       bool
}

// locate finds out where an address leads.
func (d *Dataplane) locate(to netip.AddrPort) place {
	now, err := d.now()
	service, exists := now.services[to]
	if err != nil || !exists {
		return place{evaluated: to, at: to}
	}
	p := place{evaluated: to, at: service.At, name: service.Name, packets: service.Packets}
	if service.Behind.IsValid() {
		p.evaluated = service.Behind
	}
	if !p.at.IsValid() {
		p.at = p.evaluated
	}
	return p
}

// leaving is what the pod wants when it dials the address.
func (d *Dataplane) leaving(pod kubelet.Pod, to netip.AddrPort) want {
	p := d.locate(to)
	w := want{from: podEnd(pod), protocol: corev1.ProtocolTCP, port: p.evaluated.Port()}
	if there, isPod := d.podAt(p.evaluated.Addr()); isPod {
		w.to = podEnd(there)
		return w
	}
	name := p.evaluated.String()
	if p.name != "" {
		name += " (" + p.name + ")"
	}
	w.to = outside(name, p.evaluated.Addr())
	w.to.service = p.name
	return w
}

// destinations are what the pod can attempt to reach.
func (d *Dataplane) destinations(of kubelet.Pod) map[netip.AddrPort]bool {
	all := map[netip.AddrPort]bool{}
	if now, err := d.now(); err == nil {
		for address := range now.services {
			all[address] = true
		}
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

// at is the pod with a sandbox that has the address, nil when none has.
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
