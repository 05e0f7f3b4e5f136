package kubernetes

import (
	"fmt"
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

func checkNetworkPolicy(object any) []provider.Failure {
	policy, ok := object.(*networkingv1.NetworkPolicy)
	if !ok {
		return nil
	}
	failures := checkLabelSelector("spec.podSelector", &policy.Spec.PodSelector)
	for i, kind := range policy.Spec.PolicyTypes {
		if kind != networkingv1.PolicyTypeIngress && kind != networkingv1.PolicyTypeEgress {
			failures = append(failures, provider.Refuse(fmt.Sprintf("spec.policyTypes[%d]", i), "spec.policyTypes[%d]: Unsupported value: %q: supported values: \"Egress\", \"Ingress\"", i, kind))
		}
	}
	for i, rule := range policy.Spec.Ingress {
		failures = append(failures, checkPeers(fmt.Sprintf("spec.ingress[%d].from", i), rule.From)...)
		failures = append(failures, checkPorts(fmt.Sprintf("spec.ingress[%d].ports", i), rule.Ports)...)
	}
	for i, rule := range policy.Spec.Egress {
		failures = append(failures, checkPeers(fmt.Sprintf("spec.egress[%d].to", i), rule.To)...)
		failures = append(failures, checkPorts(fmt.Sprintf("spec.egress[%d].ports", i), rule.Ports)...)
	}
	return failures
}

// checkLabelSelector refuses labels that no object can have.
func checkLabelSelector(at string, selector *metav1.LabelSelector) []provider.Failure {
	if _, err := metav1.LabelSelectorAsSelector(selector); err != nil {
		return []provider.Failure{provider.Refuse(at, "%s: Invalid value: %v", at, err)}
	}
	return nil
}

func checkPeers(at string, peers []networkingv1.NetworkPolicyPeer) []provider.Failure {
	var failures []provider.Failure
	for i, peer := range peers {
		path := fmt.Sprintf("%s[%d]", at, i)
		failures = append(failures, checkLabelSelector(path+".podSelector", peer.PodSelector)...)
		failures = append(failures, checkLabelSelector(path+".namespaceSelector", peer.NamespaceSelector)...)
		if peer.IPBlock == nil {
			continue
		}
		if peer.PodSelector != nil || peer.NamespaceSelector != nil {
			failures = append(failures, provider.Refuse(path, "%s: Forbidden: may not specify both ipBlock and another peer", path))
		}
		if peer.IPBlock.CIDR == "" {
			continue // not known yet
		}
		block, err := netip.ParsePrefix(peer.IPBlock.CIDR)
		if err != nil {
			failures = append(failures, provider.Refuse(path+".ipBlock.cidr", "%s.ipBlock.cidr: Invalid value: %q: must be a valid CIDR value", path, peer.IPBlock.CIDR))
			continue
		}
		for j, text := range peer.IPBlock.Except {
			except, err := netip.ParsePrefix(text)
			if err != nil || !block.Contains(except.Addr()) || except.Bits() <= block.Bits() {
				failures = append(failures, provider.Refuse(fmt.Sprintf("%s.ipBlock.except[%d]", path, j), "%s.ipBlock.except[%d]: Invalid value: %q: must be a strict subset of `cidr`", path, j, text))
			}
		}
	}
	return failures
}

func checkPorts(at string, ports []networkingv1.NetworkPolicyPort) []provider.Failure {
	var failures []provider.Failure
	for i, port := range ports {
		if port.Port != nil && port.Port.StrVal == "" && (port.Port.IntVal < 0 || port.Port.IntVal > 65535) {
			failures = append(failures, provider.Refuse(fmt.Sprintf("%s[%d].port", at, i), "%s[%d].port: Invalid value: %d: must be between 1 and 65535, inclusive", at, i, port.Port.IntVal))
		}
	}
	return failures
}
