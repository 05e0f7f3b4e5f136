package reachability_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s/reachability"
)

func policies(t *testing.T, texts ...string) []networkingv1.NetworkPolicy {
	t.Helper()
	all := make([]networkingv1.NetworkPolicy, len(texts))
	for i, text := range texts {
		require.NoError(t, yaml.UnmarshalStrict([]byte(text), &all[i]))
	}
	return all
}

func pod(namespace, app, address string) reachability.Pod {
	return reachability.Pod{
		Namespace: namespace, Labels: map[string]string{"app": app}, Address: netip.MustParseAddr(address),
		Ports: map[string]reachability.Port{"http": reachability.TCP(8000), "plain": {Number: 8002}, "names": {Number: 53, Protocol: corev1.ProtocolUDP}},
	}
}

const (
	denyAll = `
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}`
	fromOutside = `
metadata: {name: from-outside, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{ipBlock: {cidr: 35.191.0.0/16, except: [35.191.7.0/24]}}]
      ports: [{port: http}]`
	elsewhere = `
metadata: {name: elsewhere, namespace: other}
spec: {podSelector: {}, ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}`
	ofTheCache = `
metadata: {name: of-the-cache, namespace: shop}
spec: {podSelector: {matchLabels: {app: cache}}, ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}`
	leaving = `
metadata: {name: leaving, namespace: shop}
spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`
	anyNamespace = `
metadata: {name: any-namespace, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}`
	byName = `
metadata: {name: by-name, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{ports: [{port: http, protocol: UDP}, {port: names, protocol: UDP}, {port: names}, {port: plain}, {port: missing}]}]`
	toNames = `
metadata: {name: to-names, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: system}}, podSelector: {matchLabels: {app: dns}}}]
      ports: [{port: 53, protocol: UDP}]
    - to: [{podSelector: {matchLabels: {app: cache}}}]
      ports: [{port: 6000, endPort: 6010}]
    - to: [{ipBlock: {cidr: 10.0.0.0/8}}]`
)

func TestPoliciesAddUpAndBothEndsDecide(t *testing.T) {
	t.Parallel()
	web, cache, dns := pod("shop", "web", "10.0.0.1"), pod("shop", "cache", "10.0.0.2"), pod("system", "dns", "10.0.0.3")
	elsewhereCache := pod("other", "cache", "10.0.0.4")
	to, from := reachability.Of, reachability.Of
	front := reachability.At("35.191.1.1")
	for name, c := range map[string]struct {
		policies []string
		want     reachability.Connection
		allowed  bool
	}{
		"without a policy everything is allowed":        {nil, reachability.Connection{From: from(web), To: to(cache), Port: 1}, true},
		"a policy of another namespace does not count":  {[]string{denyAll}, reachability.Connection{From: from(elsewhereCache), To: to(dns), Port: 1}, true},
		"a policy without rules denies leaving":         {[]string{denyAll}, reachability.Connection{From: from(web), To: reachability.At("1.1.1.1"), Port: 443}, false},
		"a policy without rules denies entering":        {[]string{denyAll}, reachability.Connection{From: front, To: to(web), Port: 8000}, false},
		"a policy without types is about ingress":       {[]string{fromOutside}, reachability.Connection{From: from(web), To: reachability.At("1.1.1.1"), Port: 443}, true},
		"and about egress, if it has rules for it":      {[]string{leaving}, reachability.Connection{From: from(web), To: reachability.At("1.1.1.1"), Port: 443}, false},
		"and about ingress then, too":                   {[]string{leaving}, reachability.Connection{From: front, To: to(web), Port: 8000}, false},
		"another namespace's policies hide none":        {[]string{elsewhere, denyAll}, reachability.Connection{From: from(web), To: reachability.At("1.1.1.1"), Port: 443}, false},
		"other pods' policies hide none":                {[]string{ofTheCache, denyAll}, reachability.Connection{From: from(web), To: reachability.At("1.1.1.1"), Port: 443}, false},
		"an address outside of a block is denied":       {[]string{fromOutside}, reachability.Connection{From: reachability.At("1.1.1.1"), To: to(web), Port: 8000}, false},
		"a namespace selector alone means all its pods": {[]string{anyNamespace}, reachability.Connection{From: from(elsewhereCache), To: to(web), Port: 8000}, true},
		"and no address outside of the cluster":         {[]string{anyNamespace}, reachability.Connection{From: front, To: to(web), Port: 8000}, false},
		"a port range begins with its first port":       {[]string{toNames}, reachability.Connection{From: from(web), To: to(cache), Port: 6000}, true},
		"what lies below a port range is denied":        {[]string{toNames}, reachability.Connection{From: from(web), To: to(cache), Port: 5999}, false},
		"the same pod in another namespace is another":  {[]string{toNames}, reachability.Connection{From: from(web), To: to(pod("other", "dns", "10.0.0.5")), Port: 53, Protocol: corev1.ProtocolUDP}, false},
		"another pod of the same namespace is another":  {[]string{toNames}, reachability.Connection{From: from(web), To: to(pod("system", "x", "10.0.0.6")), Port: 53, Protocol: corev1.ProtocolUDP}, false},
		"another policy can allow what one does not":    {[]string{denyAll, fromOutside}, reachability.Connection{From: front, To: to(web), Port: 8000}, true},
		"a named port is the destination's":             {[]string{fromOutside}, reachability.Connection{From: front, To: to(web), Port: 8001}, false},
		"a named port is of its own protocol":           {[]string{byName}, reachability.Connection{From: front, To: to(web), Port: 53, Protocol: corev1.ProtocolUDP}, true},
		"a name of a UDP port does not allow TCP":       {[]string{byName}, reachability.Connection{From: front, To: to(web), Port: 53}, false},
		"UDP is not allowed by a TCP port's name":       {[]string{byName}, reachability.Connection{From: front, To: to(web), Port: 8000, Protocol: corev1.ProtocolUDP}, false},
		"a named port without a protocol is a TCP port": {[]string{byName}, reachability.Connection{From: front, To: to(web), Port: 8002}, true},
		"a name that the pod does not have is no port":  {[]string{byName}, reachability.Connection{From: front, To: to(web), Port: 0}, false},
		"an exception of a block is denied":             {[]string{fromOutside}, reachability.Connection{From: reachability.At("35.191.7.1"), To: to(web), Port: 8000}, false},
		"a pod is not in an address block":              {[]string{toNames}, reachability.Connection{From: from(web), To: to(elsewhereCache), Port: 443}, false},
		"an outside address is in an address block":     {[]string{toNames}, reachability.Connection{From: from(web), To: reachability.At("10.9.9.9"), Port: 443}, true},
		"namespace and pod selector must both match":    {[]string{toNames}, reachability.Connection{From: from(web), To: to(dns), Port: 53, Protocol: corev1.ProtocolUDP}, true},
		"the protocol must match":                       {[]string{toNames}, reachability.Connection{From: from(web), To: to(dns), Port: 53}, false},
		"a pod selector alone means the own namespace":  {[]string{toNames}, reachability.Connection{From: from(web), To: to(elsewhereCache), Port: 6000}, false},
		"a port range has two ends":                     {[]string{toNames}, reachability.Connection{From: from(web), To: to(cache), Port: 6010}, true},
		"what lies above a port range is denied":        {[]string{toNames}, reachability.Connection{From: from(web), To: to(cache), Port: 6011}, false},
		"what the sender may the receiver can refuse":   {[]string{toNames, `{metadata: {name: shut, namespace: shop}, spec: {podSelector: {matchLabels: {app: cache}}}}`}, reachability.Connection{From: from(web), To: to(cache), Port: 6000}, false},
		"an empty rule allows everything":               {[]string{denyAll, `{metadata: {name: open, namespace: shop}, spec: {podSelector: {}, ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}}`}, reachability.Connection{From: from(elsewhereCache), To: to(web), Port: 9}, true},
		"who is outside of the cluster has no policies": {[]string{denyAll}, reachability.Connection{From: front, To: reachability.At("1.1.1.1"), Port: 9}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := reachability.Cluster{Policies: policies(t, c.policies...)}
			decision, err := cluster.Decide(c.want)
			require.NoError(t, err)
			assert.Equal(t, c.allowed, decision.Allowed, decision.Reason)
		})
	}
}

func TestCalicoTakesPodsForAddresses(t *testing.T) {
	t.Parallel()
	cluster := reachability.Cluster{Policies: policies(t, toNames), BlocksMatchPods: true}
	decision, err := cluster.Decide(reachability.Connection{
		From: reachability.Of(pod("shop", "web", "10.0.0.1")), To: reachability.Of(pod("other", "x", "10.0.0.4")), Port: 443,
	})
	require.NoError(t, err)
	assert.True(t, decision.Allowed)
}

func TestADenialNamesThePolicy(t *testing.T) {
	t.Parallel()
	cluster := reachability.Cluster{Policies: policies(t, denyAll)}
	decision, err := cluster.Decide(reachability.Connection{From: reachability.Of(pod("shop", "web", "10.0.0.1")), To: reachability.At("1.1.1.1"), Port: 443})
	require.NoError(t, err)
	assert.Equal(t, "Egress is denied by the policies of the pod, for example shop/deny", decision.Reason)
	assert.Equal(t, networkingv1.PolicyTypeEgress, decision.Direction)
	assert.Equal(t, []string{"shop/deny"}, decision.Policies)
}

func TestADamagedPolicyIsAnErrorAndNoPermission(t *testing.T) {
	t.Parallel()
	cluster := reachability.Cluster{Policies: policies(t,
		`{metadata: {name: bad, namespace: shop}, spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: nonsense}}]}], policyTypes: [Egress]}}`)}
	decision, err := cluster.Decide(reachability.Connection{From: reachability.Of(pod("shop", "web", "10.0.0.1")), To: reachability.At("1.1.1.1"), Port: 443})
	require.ErrorContains(t, err, "shop/bad")
	assert.False(t, decision.Allowed)
}
