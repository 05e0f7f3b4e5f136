package checklist

import (
	"encoding/json"
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/k8s/reachability"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// nobodyReachesTheAPI: neither a neighbour in the namespace nor a pod of another
// one gets through to the API's port.
func nobodyReachesTheAPI(s Subject) bool {
	return neverTalk(s, func(other reachability.Peer, api reachability.Peer) reachability.Connection {
		return reachability.Connection{From: other, To: api, Port: 8000}
	}, neighbours(s))
}

// theAPIReachesNobody: an intruder in the API's pod cannot reach other pods.
func theAPIReachesNobody(s Subject) bool {
	return neverTalk(s, outwards, neighbours(s))
}

// theAPIStaysInside: the API reaches no address of the internet.
func theAPIStaysInside(s Subject) bool {
	return neverTalk(s, outwards, []reachability.Peer{reachability.At("93.184.216.34"), reachability.At("8.8.8.8")})
}

func outwards(other reachability.Peer, api reachability.Peer) reachability.Connection {
	return reachability.Connection{From: api, To: other, Port: 443}
}

func neighbours(s Subject) []reachability.Peer {
	return []reachability.Peer{
		pod(s.Resource.Text("metadata.namespace"), "coditect-api-v2", "10.20.0.4"),
		pod("default", "anything", "10.20.0.6"),
	}
}

func pod(namespace, app, address string) reachability.Peer {
	return reachability.Of(reachability.Pod{Namespace: namespace, Labels: map[string]string{"app": app}, Address: netip.MustParseAddr(address)})
}

// neverTalk tells whether the plan's policies refuse every one of the
// connections. A policy that cannot be read refuses nothing.
func neverTalk(s Subject, connect func(other, api reachability.Peer) reachability.Connection, others []reachability.Peer) bool {
	policies, err := policiesOf(s.Plan)
	if err != nil {
		return false
	}
	self := pod(s.Resource.Text("metadata.namespace"), api, "10.20.0.1")
	for _, other := range others {
		decision, err := reachability.Cluster{Policies: policies}.Decide(connect(other, self))
		if err != nil || decision.Allowed {
			return false
		}
	}
	return true
}

func policiesOf(within *plan.Plan) (policies []networkingv1.NetworkPolicy, err error) {
	for _, r := range within.Of(kubernetes.TypeNetworkPolicy) {
		encoded, err := json.Marshal(r.Inputs())
		if err != nil {
			return nil, err
		}
		var policy networkingv1.NetworkPolicy
		if err := json.Unmarshal(encoded, &policy); err != nil {
			return nil, err
		}
		policies = append(policies, policy)
	}
	return policies, nil
}
