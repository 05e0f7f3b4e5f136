package dataplane

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/k8s/reachability"
)

// denial describes what was denied, by which policies, and which rule would allow it.
func (w want) denial(decision reachability.Decision) string {
	here, there, toOrFrom := w.from, w.to, "to"
	sentence := fmt.Sprintf("egress from %s to %s", w.from.name, w.to.name)
	if w.to.pod != "" {
		sentence += fmt.Sprintf(", %s port %d,", w.protocol, w.port)
	}
	if decision.Direction == networkingv1.PolicyTypeIngress {
		here, there, toOrFrom = w.to, w.from, "from"
		sentence = fmt.Sprintf("ingress to %s, %s port %d, from %s", w.to.name, w.protocol, w.port, w.from.name)
	}
	way := strings.ToLower(string(decision.Direction))
	return fmt.Sprintf("NetworkPolicy: %s is allowed by none of the policies that select the pod (%s), so its packets are dropped. "+
		"The missing rule, in a policy for the pods %s: %s: [{%s: %s, ports: [{protocol: %s, port: %d}]}]",
		sentence, strings.Join(decision.Policies, ", "), labels(here), way, toOrFrom, peers(there), w.protocol, w.port)
}

// labels are what a policy would select the pod by.
func labels(of end) string {
	pod := of.peers[0].Pod
	if pod == nil {
		return "{}"
	}
	return selector(pod.Labels)
}

func selector(labels map[string]string) string {
	if app, ok := labels["app"]; ok {
		labels = map[string]string{"app": app}
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, key+": "+labels[key])
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// peers are what the rule would name.
func peers(of end) string {
	if len(of.peers) > 1 && of.peers[0].Pod == nil {
		return "[{ipBlock: {cidr: 35.191.0.0/16}}, {ipBlock: {cidr: 130.211.0.0/22}}]"
	}
	peer := of.peers[0]
	if peer.Pod == nil {
		return fmt.Sprintf("[{ipBlock: {cidr: %s/32}}]", peer.Address)
	}
	return fmt.Sprintf("[{namespaceSelector: {matchLabels: {%s: %s}}, podSelector: {matchLabels: %s}}]",
		corev1.LabelMetadataName, peer.Pod.Namespace, selector(peer.Pod.Labels))
}
