package dataplane_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

func TestReachIsWhatThePoliciesAllowNow(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	const api, ide, names = namespace + "/license-api", namespace + "/coditect-api-v2", "kube-system/kube-dns"
	links := w.Reach().Links
	for _, allowed := range []dataplane.Link{
		{From: dataplane.FrontEnds, To: api, Port: 8000},
		{From: dataplane.FrontEnds, To: ide, Port: 8080},
		{From: dataplane.Machine, To: api, Port: 9090},
		{From: api, To: "Memorystore", Port: w.redis.Port()},
		{From: api, To: names, Port: 53},
		{From: ide, To: "Memorystore", Port: w.redis.Port()},
	} {
		assert.Contains(t, links, allowed)
	}
	assert.NotContains(t, links, dataplane.Link{From: ide, To: api, Port: 8000}, "not around the load balancer")
	assert.NotContains(t, links, dataplane.Link{From: dataplane.Machine, To: api, Port: 8000})

	w.edit(func(p *networkingv1.NetworkPolicy) { p.Spec.Egress = nil })
	assert.NotContains(t, w.Reach().Links, dataplane.Link{From: api, To: "Memorystore", Port: w.redis.Port()}, "the rule is gone")
}

func TestReachTellsWhatWasDroppedAlsoToAnAttack(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	assert.Empty(t, w.Reach().Drops)
	_, err := w.Attempt(t.Context(), w.other.IP, netip.AddrPortFrom(w.api.IP, 8000), "hello")
	require.NoError(t, err)
	drops := w.Reach().Drops
	require.Len(t, drops, 1)
	assert.Equal(t, namespace+"/coditect-api-v2", drops[0].From)
	assert.Equal(t, namespace+"/license-api", drops[0].To)
	assert.True(t, drops[0].Trial)
	assert.Contains(t, drops[0].Text, "The missing rule")
	assert.Empty(t, w.Status().Denials, "no rule is missing for an attack")

	w.knock("8.8.8.8:53")
	drops = w.Reach().Drops
	require.Len(t, drops, 2)
	assert.False(t, drops[0].Trial, "the newest first")
	assert.Equal(t, "8.8.8.8:53", drops[0].To)
}

func TestPodsThatBelongTogetherAreOneGroup(t *testing.T) {
	t.Parallel()
	for want, pod := range map[string]kubelet.Pod{
		"a/license-api":       {Namespace: "a", Name: "license-api-552977d759-fsc7x", Owner: "Deployment/license-api"},
		"a/license-migrate":   {Namespace: "a", Name: "license-migrate-2a5bcd18ce-7fnb6", Owner: "Job/license-migrate"},
		"a/coditect-frontend": {Namespace: "a", Name: "coditect-frontend-0"},
		"default/intruder":    {Namespace: "default", Name: "intruder"},
		"a/old":               {Namespace: "a", Name: "old-552977d759-fsc7x"},
	} {
		assert.Equal(t, want, dataplane.GroupOf(pod))
	}
}
