package dataplane

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/k8s/reachability"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

// end is one end of a connection.
type end struct {
	// name says who it is. pod is "namespace/name" of a pod, and service the name of a Service
	// without a pod; else they are empty.
	name, pod, service string
	// peers are as whom it counts.
	peers []reachability.Peer
	// enough says that being allowed as one of the peers is enough; else each of
	// them has to be allowed.
	enough bool
}

// want is a connection that a policy has to allow before it is opened.
type want struct {
	from, to end
	protocol corev1.Protocol
	port     uint16
}

// podEnd is a pod of the cluster.
func podEnd(p kubelet.Pod) end {
	key, ports := p.Namespace+"/"+p.Name, map[string]reachability.Port{}
	for name, number := range p.Ports {
		ports[name] = reachability.Port{Number: number, Protocol: p.Protocols[name]}
	}
	return end{name: "pod " + key, pod: key, peers: []reachability.Peer{reachability.Of(reachability.Pod{
		Namespace: p.Namespace, Labels: p.Labels, Address: p.IP, Ports: ports,
	})}}
}

// outside is an address that belongs to no pod.
func outside(name string, address netip.Addr) end {
	return end{name: name, peers: []reachability.Peer{{Address: address}}}
}

// frontEnds are where a load balancer's requests and health checks come from: any
// of these addresses, so all of them have to be allowed
// (https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges).
func frontEnds() end {
	return end{name: "the load balancer's front ends and health checks (35.191.0.0/16, 130.211.0.0/22)", peers: []reachability.Peer{
		reachability.At("35.191.0.1"), reachability.At("130.211.0.1"),
	}}
}

// localProcess is a process of this machine that calls a pod and is not a pod: it counts as
// the collector of managed Prometheus, in gmp-system or, on Autopilot, in
// gke-gmp-system
// (https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed).
func localProcess() end {
	collector := func(namespace string) reachability.Peer {
		return reachability.Of(reachability.Pod{Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/name": "collector"}})
	}
	return end{
		name:   "a process of this machine, which counts as managed Prometheus (gmp-system)",
		peers:  []reachability.Peer{collector("gmp-system"), collector("gke-gmp-system")},
		enough: true,
	}
}

// decide asks the policies.
func (w want) decide(cluster reachability.Cluster) (reachability.Decision, error) {
	var last reachability.Decision
	for _, from := range w.from.peers {
		decision, err := cluster.Decide(reachability.Connection{From: from, To: w.to.peers[0], Protocol: w.protocol, Port: int32(w.port)})
		if err != nil {
			return reachability.Decision{}, err
		}
		if decision.Allowed == w.from.enough {
			return decision, nil
		}
		last = decision
	}
	return last, nil
}

// pod names the pod whose policies decide in that direction.
func (w want) pod(direction networkingv1.PolicyType) string {
	if direction == networkingv1.PolicyTypeIngress {
		return w.to.pod
	}
	return w.from.pod
}
