package reachability

import (
	"fmt"
	"maps"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// rule is an ingress or an egress rule.
type rule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rulesOf(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) (rules []rule) {
	if direction == networkingv1.PolicyTypeIngress {
		for _, r := range policy.Spec.Ingress {
			rules = append(rules, rule{peers: r.From, ports: r.Ports})
		}
		return rules
	}
	for _, r := range policy.Spec.Egress {
		rules = append(rules, rule{peers: r.To, ports: r.Ports})
	}
	return rules
}

// allows tells whether one rule allows the connection with the other end. No
// peers mean any peer, no ports any port.
func (c Cluster) allows(r rule, namespace string, other Peer, want Connection) (bool, error) {
	if !anyPort(r.ports, want) {
		return false, nil
	}
	if len(r.peers) == 0 {
		return true, nil
	}
	for _, peer := range r.peers {
		match, err := c.peerMatches(peer, namespace, other)
		if match || err != nil {
			return match, err
		}
	}
	return false, nil
}

func (c Cluster) peerMatches(peer networkingv1.NetworkPolicyPeer, namespace string, other Peer) (bool, error) {
	if peer.IPBlock != nil {
		address := other.Address
		if other.Pod != nil {
			if !c.BlocksMatchPods {
				return false, nil
			}
			address = other.Pod.Address
		}
		return inBlock(*peer.IPBlock, address)
	}
	if other.Pod == nil {
		return false, nil
	}
	if peer.NamespaceSelector == nil {
		if other.Pod.Namespace != namespace {
			return false, nil
		}
	} else if match, err := matches(peer.NamespaceSelector, c.labelsOf(other.Pod.Namespace)); !match || err != nil {
		return false, err
	}
	if peer.PodSelector == nil {
		return true, nil
	}
	return matches(peer.PodSelector, other.Pod.Labels)
}

// labelsOf are a namespace's labels, with the one that Kubernetes itself gives.
func (c Cluster) labelsOf(namespace string) map[string]string {
	all := map[string]string{corev1.LabelMetadataName: namespace}
	maps.Copy(all, c.Namespaces[namespace])
	return all
}

func inBlock(block networkingv1.IPBlock, address netip.Addr) (bool, error) {
	inside, err := contains(block.CIDR, address)
	if !inside || err != nil {
		return false, err
	}
	for _, except := range block.Except {
		if excepted, err := contains(except, address); excepted || err != nil {
			return false, err
		}
	}
	return true, nil
}

func contains(cidr string, address netip.Addr) (bool, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false, fmt.Errorf("address block %q: %w", cidr, err)
	}
	return prefix.Contains(address.Unmap()), nil
}

func anyPort(ports []networkingv1.NetworkPolicyPort, want Connection) bool {
	if len(ports) == 0 {
		return true
	}
	for _, port := range ports {
		if portMatches(port, want) {
			return true
		}
	}
	return false
}

func portMatches(port networkingv1.NetworkPolicyPort, want Connection) bool {
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	switch {
	case protocol != want.Protocol:
		return false
	case port.Port == nil:
		return true
	case port.Port.Type == intstr.String:
		// A name is the destination pod's; nobody else has names for ports.
		return want.To.Pod != nil && want.To.Pod.Ports[port.Port.StrVal].is(protocol, want.Port)
	case port.EndPort != nil:
		return want.Port >= port.Port.IntVal && want.Port <= *port.EndPort
	}
	return want.Port == port.Port.IntVal
}

func matches(selector *metav1.LabelSelector, of map[string]string) (bool, error) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, fmt.Errorf("selector: %w", err)
	}
	return s.Matches(labels.Set(of)), nil
}
