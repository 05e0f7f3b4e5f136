// Package reachability decides whether pods may talk, by the Kubernetes
// NetworkPolicies that are in force: it answers what a cluster would enforce,
// without one
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
package reachability

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Pod has the properties of a pod that policies can select.
type Pod struct {
	// Namespace and Labels select it.
	Namespace string
	Labels    map[string]string
	// Address is the pod's own.
	Address netip.Addr
	// Ports are its containers' named ports.
	Ports map[string]Port
}

// Port is a container's port. A policy that allows its name allows it for the
// policy's protocol only, and only if that is the port's own
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
type Port struct {
	Number int32
	// Protocol is TCP when empty, as in a pod.
	Protocol corev1.Protocol
}

// TCP is a named port of the usual protocol.
func TCP(number int32) Port { return Port{Number: number, Protocol: corev1.ProtocolTCP} }

// is tells whether the port is the one that is wanted.
func (p Port) is(protocol corev1.Protocol, number int32) bool {
	own := p.Protocol
	if own == "" {
		own = corev1.ProtocolTCP
	}
	return p.Number != 0 && p.Number == number && own == protocol
}

// Peer is one end of a connection: a pod of the cluster, or an address outside.
type Peer struct {
	// Pod is nil for an address outside of the cluster.
	Pod *Pod
	// Address counts only without a pod.
	Address netip.Addr
}

// At is the peer at an address outside of the cluster.
func At(address string) Peer { return Peer{Address: netip.MustParseAddr(address)} }

// Of is the peer that is a pod.
func Of(pod Pod) Peer { return Peer{Pod: &pod} }

// Connection is what one end wants of the other.
type Connection struct {
	From, To Peer
	// Protocol is TCP when empty.
	Protocol corev1.Protocol
	// Port is the destination's.
	Port int32
}

// Cluster is what decides.
type Cluster struct {
	// Policies of all namespaces.
	Policies []networkingv1.NetworkPolicy
	// Namespaces are the labels of each namespace. The name's own label,
	// kubernetes.io/metadata.name, need not be given.
	Namespaces map[string]map[string]string
	// BlocksMatchPods makes an address block cover pods, too: Calico does so,
	// Dataplane V2 (Cilium) does not.
	BlocksMatchPods bool
}

// Decision is the answer, and why.
type Decision struct {
	Allowed bool
	// Reason names the policy that decided, in a sentence.
	Reason string
	// Direction is the one that is denied, and Policies are all that select the
	// pod in it, as "namespace/name", none of which allows the connection.
	Direction networkingv1.PolicyType
	Policies  []string
}

// Decide tells whether the connection is allowed: by the policies of the pod it
// leaves, and by those of the pod it enters. An end outside of the cluster has
// no policy.
func (c Cluster) Decide(want Connection) (Decision, error) {
	if want.Protocol == "" {
		want.Protocol = corev1.ProtocolTCP
	}
	for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
		decision, err := c.oneWay(direction, want)
		if err != nil || !decision.Allowed {
			return decision, err
		}
	}
	return Decision{Allowed: true, Reason: "no policy is against it"}, nil
}

// oneWay looks at the policies of one end. Policies add up: no selecting policy
// means everything is allowed, else at least one has to allow it.
func (c Cluster) oneWay(direction networkingv1.PolicyType, want Connection) (Decision, error) {
	here, there := want.From, want.To
	if direction == networkingv1.PolicyTypeIngress {
		here, there = want.To, want.From
	}
	if here.Pod == nil {
		return Decision{Allowed: true}, nil
	}
	var selecting []string
	for i := range c.Policies {
		policy := &c.Policies[i]
		if policy.Namespace != here.Pod.Namespace || !covers(policy, direction) {
			continue
		}
		selected, err := matches(&policy.Spec.PodSelector, here.Pod.Labels)
		if err != nil {
			return Decision{}, fmt.Errorf("policy %s/%s: %w", policy.Namespace, policy.Name, err)
		}
		if !selected {
			continue
		}
		name := policy.Namespace + "/" + policy.Name
		selecting = append(selecting, name)
		for _, rule := range rulesOf(policy, direction) {
			allowed, err := c.allows(rule, policy.Namespace, there, want)
			if err != nil {
				return Decision{}, fmt.Errorf("policy %s: %w", name, err)
			}
			if allowed {
				return Decision{Allowed: true, Reason: name + " allows it"}, nil
			}
		}
	}
	if len(selecting) == 0 {
		return Decision{Allowed: true}, nil
	}
	return Decision{
		Reason:    fmt.Sprintf("%s is denied by the policies of the pod, for example %s", direction, selecting[len(selecting)-1]),
		Direction: direction, Policies: selecting,
	}, nil
}

// covers tells whether the policy is about this direction. Without types it is
// about ingress, and about egress if it has such rules.
func covers(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) == 0 {
		return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
	}
	for _, typ := range policy.Spec.PolicyTypes {
		if typ == direction {
			return true
		}
	}
	return false
}
