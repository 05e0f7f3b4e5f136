package dataplane_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
)

// without takes the ports out of the egress rules.
func without(port int32) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) {
		for i := range p.Spec.Egress {
			rule := &p.Spec.Egress[i]
			rule.Ports = slices.DeleteFunc(rule.Ports, func(at networkingv1.NetworkPolicyPort) bool { return at.Port.IntVal == port })
		}
		p.Spec.Egress = slices.DeleteFunc(p.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool { return len(r.Ports) == 0 })
	}
}

func TestAPodReachesWhatIsDeclaredAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	onThisMachine := echo(t, "127.0.0.1:0").Addr().String()
	for _, to := range []string{w.redis.String(), w.database.String(), w.kms.String()} {
		assert.Contains(t, w.dial(to), "hello", to)
	}
	assert.Empty(t, w.denied())
	neighbour := netip.AddrPortFrom(w.other.IP, 8080).String()
	for to, name := range map[string]string{
		neighbour:            "to pod coditect-app/coditect-api-v2-0 is",
		"93.184.216.34:443":  "to 93.184.216.34:443 is",
		"169.254.169.254:22": "to 169.254.169.254:22 is",
		netip.AddrPortFrom(w.redis.Addr(), 6379).String(): "to " + w.redis.Addr().String() + ":6379 is",
	} {
		assert.NotContains(t, w.dial(to), "hello", to)
		assert.Eventually(t, func() bool { return strings.Contains(w.denied(), "egress from pod coditect-app/license-api-1 "+name) }, 5*time.Second, 10*time.Millisecond, to)
	}
	assert.Contains(t, w.dial(onThisMachine), "connection refused", "what else listens on this machine is not in the pod's network")
}

func TestPacketsWithoutAConnectionAreJudgedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	w.ask("/dial?network=udp&to=169.254.20.10:53")
	w.ask("/dial?network=udp&to=8.8.8.8:53")
	assert.Eventually(t, func() bool { return strings.Contains(w.denied(), "to 8.8.8.8:53 is") }, 5*time.Second, 10*time.Millisecond)
	assert.Contains(t, w.denied(), "[{to: [{ipBlock: {cidr: 8.8.8.8/32}}], ports: [{protocol: UDP, port: 53}]}]")
	assert.NotContains(t, w.denied(), "169.254.20.10", "the declared policies let names be asked for there")
}

func TestTakingARuleAwayBreaksWhatItAllowedAndNamesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	transport := &http.Transport{DialContext: w.DialFrontEnd, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get("http://" + w.at(8000) + "/hold?to=" + w.redis.String())
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body := bufio.NewReader(response.Body)
	line, err := body.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)

	w.edit(without(6378))
	rest, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "broken: ", "the open connection is cut")
	assert.Contains(t, w.dial(w.redis.String()), "connection reset")
	assert.Contains(t, w.dial(w.database.String()), "hello", "another rule still holds")
	said := w.Explain(namespace, "license-api-1")
	assert.Contains(t, said, "NetworkPolicy: egress from pod coditect-app/license-api-1 to "+w.redis.String()+" (Memorystore) is allowed by none of the policies that select the pod (")
	assert.Contains(t, said, "coditect-app/license-default-deny")
	assert.Contains(t, said, "on GKE this packet would be dropped")
	assert.Contains(t, said, "for the pods {app: license-api}: egress: [{to: [{ipBlock: {cidr: "+w.redis.Addr().String()+"/32}}], ports: [{protocol: TCP, port: 6378}]}]")

	whole := declared(t, netip.PrefixFrom(w.redis.Addr(), 28).String(), w.kms)
	w.mu.Lock()
	w.policies = whole
	w.mu.Unlock()
	w.Changed()
	assert.Contains(t, w.dial(w.redis.String()), "hello", "the rule is back")
}

func TestOnlyWhomThePoliciesNameComesIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	from := func(address string) func(context.Context, string, string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address + ":0"))}).DialContext
	}
	for name, c := range map[string]struct {
		dial    func(context.Context, string, string) (net.Conn, error)
		port    uint16
		allowed bool
		missing string
	}{
		"the load balancer's requests":       {w.DialFrontEnd, 8000, true, ""},
		"the load balancer, for the metrics": {w.DialFrontEnd, 9090, false, "{ipBlock: {cidr: 130.211.0.0/22}}], ports: [{protocol: TCP, port: 9090}]"},
		"the kubelet's probes":               {w.Probe, 8000, true, ""},
		"the kubelet, for the metrics":       {w.Probe, 9090, true, ""},
		"a person, for the metrics":          {from("127.0.0.1"), 9090, true, ""},
		"a person's requests":                {from("127.0.0.1"), 8000, false, "kubernetes.io/metadata.name: gmp-system"},
		"another pod":                        {from(w.other.IP.String()), 8000, false, "podSelector: {matchLabels: {app: coditect-api-v2}}"},
		"another pod, for the metrics":       {from(w.other.IP.String()), 9090, false, "podSelector: {matchLabels: {app: coditect-api-v2}}"},
	} {
		client := &http.Client{Transport: &http.Transport{DialContext: c.dial, DisableKeepAlives: true}}
		response, err := client.Get("http://" + w.at(c.port) + "/dial?network=tcp&to=" + w.redis.String())
		if !c.allowed {
			assert.Error(t, err, name)
			assert.Contains(t, w.denied(), c.missing, name)
			continue
		}
		if assert.NoError(t, err, name) {
			assert.NoError(t, response.Body.Close())
		}
	}
}

func TestBothOfGooglesRangesHaveToBeLetIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	conn, err := w.DialFrontEnd(t.Context(), "tcp", w.at(8000))
	require.NoError(t, err)
	w.edit(func(p *networkingv1.NetworkPolicy) {
		for i := range p.Spec.Ingress {
			p.Spec.Ingress[i].From = slices.DeleteFunc(p.Spec.Ingress[i].From, func(peer networkingv1.NetworkPolicyPeer) bool {
				return peer.IPBlock != nil && peer.IPBlock.CIDR == "130.211.0.0/22"
			})
		}
	})
	_, err = io.ReadAll(conn)
	require.Error(t, err, "the load balancer's open connection is cut")
	_ = conn.Close() // the front door does so, too
	_, err = w.DialFrontEnd(t.Context(), "tcp", w.at(8000))
	require.ErrorContains(t, err, "ingress to pod coditect-app/license-api-1, TCP port 8000, from the load balancer's front ends")
}

func TestAnAttemptIsJudgedWithoutTheProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	w.start()
	require.NoError(t, w.Attempt(t.Context(), w.api.IP, w.redis))
	require.ErrorContains(t, w.Attempt(t.Context(), w.api.IP, netip.MustParseAddrPort("93.184.216.34:443")), "denied by NetworkPolicy")
	require.ErrorContains(t, w.Attempt(t.Context(), w.other.IP, w.redis), "no pod with a network of its own")
}

func TestAPodThatEndsLeavesNothingAndCanStartAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, executable(t))
	for range 2 {
		started := w.start()
		started.Stop(t.Context())
		assert.Eventually(t, func() bool {
			listener, err := net.Listen("tcp", w.at(8000))
			return err == nil && listener.Close() == nil
		}, 5*time.Second, 10*time.Millisecond, "the pod's port is free again")
		_, err := w.DialFrontEnd(t.Context(), "tcp", w.at(8000))
		require.Error(t, err)
	}
}

func TestWithoutNamespacesThePoliciesHoldAtTheFrontDoorAndAWarningSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/bin/false")
	w.start()
	assert.Contains(t, w.Status().Warning, "NetworkPolicies hold at the front door only")
	assert.Contains(t, w.dial(netip.AddrPortFrom(w.other.IP, 8080).String()), "hello", "nothing is kept from the pod")
	_, err := w.DialFrontEnd(t.Context(), "tcp", w.at(9090))
	require.ErrorContains(t, err, "denied by NetworkPolicy")
}
