package dataplane_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// target lets attacks start from the fixture's pods.
func (w *fixture) target() *attack.Target {
	stranger := kubelet.Pod{Namespace: "default", Name: "intruder", Labels: map[string]string{"app": "intruder"}, IP: w.names.IP.Next()}
	guest, err := w.Join(stranger)
	require.NoError(w.t, err)
	w.t.Cleanup(guest.Leave)
	return &attack.Target{
		API:   attack.Pod{IP: w.api.IP, HTTP: 8000, Metrics: 9090},
		IDE:   attack.Pod{IP: w.other.IP, HTTP: 8080},
		Redis: w.redis.String(), Control: netip.AddrPortFrom(w.kms.Addr().Next(), 443),
		Inside: func(ctx context.Context, from netip.Addr, to netip.AddrPort, words string) (dataplane.Outcome, error) {
			if !from.IsValid() {
				from = stranger.IP
			}
			return w.Attempt(ctx, from, to, dataplane.Octets(words))
		},
	}
}

// onPolicies are the moves that NetworkPolicies stop, with their verdicts.
func onPolicies(t *testing.T, target *attack.Target) map[string]string {
	t.Helper()
	verdicts := map[string]string{}
	moves := slices.DeleteFunc(attack.Moves(), func(a attack.Attack) bool { return a.Layer != layer.Workload })
	for _, r := range attack.Run(t.Context(), target, moves, func(attack.Result) {}) {
		verdicts[r.Attack.Name] = r.Verdict()
		if r.OK() {
			assert.Contains(t, r.Finding.Why, "The missing rule", r.Attack.Name)
		}
	}
	require.Len(t, verdicts, 9)
	return verdicts
}

func TestEveryMoveIsStoppedByAPolicyAndBreachesWithoutIt(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	target := w.target()
	for name, verdict := range onPolicies(t, target) {
		assert.Equal(t, "stopped", verdict, name)
	}

	// One rule too many: everybody may come to every port, but nobody may go.
	w.edit(func(p *networkingv1.NetworkPolicy) {
		if p.Name == "license-api" {
			p.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{}}
		}
	})
	got := onPolicies(t, target)
	for _, name := range []string{
		"from an IDE pod around the load balancer", "from an IDE pod to the API's metrics",
		"from another namespace around the load balancer", "from another namespace to the API's metrics",
	} {
		assert.Equal(t, "BREACHED", got[name], name)
		delete(got, name)
	}
	for name, verdict := range got {
		assert.Equal(t, "stopped", verdict, name)
	}

	w.edit(func(p *networkingv1.NetworkPolicy) {
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	})
	got = onPolicies(t, target)
	assert.Equal(t, "BREACHED", got["from an API pod to the IDE"])
	assert.Contains(t, got["from an API pod to the internet"], "NO FINDING", "nobody is there on this machine, which is no success")
}
