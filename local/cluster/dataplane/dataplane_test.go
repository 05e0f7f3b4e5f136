package dataplane_test

import (
	"bufio"
	"cmp"
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

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
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
	w := newFixture(t, executable(t))
	w.start()
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	echo(t, outside)
	for _, to := range []string{w.redis.String(), w.database.String(), w.kms.String(), metadata.String()} {
		assert.Contains(t, w.dial(to), "hello", to)
	}
	assert.Contains(t, w.ask("/dial?network=udp&to="+namesService.String()), w.api.IP.String()+" says hello", "names are asked for by packets, and the resolver knows who asks")
	assert.Empty(t, w.denied())
	for to, name := range map[string]string{
		netip.AddrPortFrom(w.other.IP, 8080).String():     "to pod coditect-app/coditect-api-v2-0, TCP port 8080, is",
		otherService.String():                             "to pod coditect-app/coditect-api-v2-0, TCP port 8080, is",
		"93.184.216.34:443":                               "to 93.184.216.34:443 is",
		"169.254.169.254:22":                              "to 169.254.169.254:22 is",
		netip.AddrPortFrom(w.redis.Addr(), 6379).String(): "to " + w.redis.Addr().String() + ":6379 is",
	} {
		assert.Contains(t, w.knock(to), "i/o timeout", "%s: dropped, not refused", to)
		w.tells("egress from pod coditect-app/license-api-1 " + name)
	}
	assert.Contains(t, w.dial(outside.Addr().String()), "connection refused", "what else listens on this machine is not in the pod's network")
}

func TestPacketsWithoutAConnectionAreJudgedToo(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	w.ask("/knock?network=udp&to=169.254.20.10:53")
	assert.Contains(t, w.ask("/knock?network=udp&to=8.8.8.8:53"), "i/o timeout")
	w.tells("to 8.8.8.8:53 is")
	w.tells("[{to: [{ipBlock: {cidr: 8.8.8.8/32}}], ports: [{protocol: UDP, port: 53}]}]")
	assert.NotContains(t, w.denied(), "169.254.20.10", "the declared policies let names be asked for there")

	w.edit(without(53))
	assert.Contains(t, w.ask("/knock?network=udp&to="+namesService.String()), "i/o timeout")
	w.tells("to pod kube-system/kube-dns-0, UDP port 53, is")
}

func TestTakingARuleAwayStallsWhatItAllowedAndNamesIt(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	transport := &http.Transport{DialContext: w.DialFrontEnd, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get("http://" + w.at(8000) + "/hold?to=" + w.redis.String())
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body := bufio.NewReader(response.Body)
	line, err := body.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "hello", "a connection is open")
	_, _ = body.ReadString('\n')

	w.edit(without(6378))
	assert.Contains(t, w.knock(w.redis.String()), "i/o timeout", "no new one is opened")
	assert.Contains(t, w.dial(w.database.String()), "hello", "another rule still holds")
	w.tells("to " + w.redis.String())
	said := w.Explain(namespace, "license-api-1")
	assert.Contains(t, said, "NetworkPolicy: egress from pod coditect-app/license-api-1 to "+w.redis.String()+" (Memorystore) is allowed by none of the policies that select the pod (")
	assert.Contains(t, said, "coditect-app/license-default-deny")
	assert.Contains(t, said, "so its packets are dropped")
	assert.Contains(t, said, "for the pods {app: license-api}: egress: [{to: [{ipBlock: {cidr: "+w.redis.Addr().String()+"/32}}], ports: [{protocol: TCP, port: 6378}]}]")
	assert.Equal(t, 1, strings.Count(w.denied(), w.redis.String()+" ("), "it is kept once, with a count")

	w.ask("/on") // the open connection is used again
	answered := make(chan string, 1)
	go func() {
		line, _ := body.ReadString('\n')
		answered <- line
	}()
	select {
	case line := <-answered:
		assert.Fail(t, "nothing may pass", line)
	case <-time.After(100 * time.Millisecond):
	}
	w.mu.Lock()
	w.policies = declaredPolicies(t, isolation.Settings{Dataplane: isolation.DataplaneV2}, netip.PrefixFrom(w.redis.Addr(), 28).String(), w.kms)
	w.mu.Unlock()
	w.Changed()
	assert.Contains(t, await.Receive(t, answered), "hello", "the rule is back, and the connection goes on")
	assert.Contains(t, w.dial(w.redis.String()), "hello")
	w.ask("/on")
}

func TestOnlyWhomThePoliciesNameComesIn(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
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
		limit := await.Limit
		if !c.allowed {
			limit = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		got, err := get(ctx, c.dial, w.at(c.port))
		cancel()
		if !c.allowed {
			assert.ErrorIs(t, err, context.DeadlineExceeded, "%s: dropped, not refused", name)
			w.tells(c.missing)
			continue
		}
		assert.NoError(t, err, name)
		assert.Equal(t, "well", got, name)
	}
}

// get asks whether the pod is well.
func get(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), at string) (string, error) {
	conn, err := dial(ctx, "tcp", at)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, "GET /well HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", cmp.Or(ctx.Err(), err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	return string(said), err
}

func TestBothOfGooglesRangesHaveToBeLetIn(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	conn, err := w.DialFrontEnd(t.Context(), "tcp", w.at(8000))
	require.NoError(t, err)
	assert.Empty(t, w.ExplainFrontEnds())
	whole := slices.Clone(w.policies)
	w.edit(func(p *networkingv1.NetworkPolicy) {
		for i := range p.Spec.Ingress {
			p.Spec.Ingress[i].From = slices.DeleteFunc(p.Spec.Ingress[i].From, func(peer networkingv1.NetworkPolicyPeer) bool {
				return peer.IPBlock != nil && peer.IPBlock.CIDR == "130.211.0.0/22"
			})
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = w.DialFrontEnd(ctx, "tcp", w.at(8000))
	require.ErrorIs(t, err, context.DeadlineExceeded, "it is dropped, not refused")
	const told = "ingress to pod coditect-app/license-api-1, TCP port 8000, from the load balancer's front ends"
	require.ErrorContains(t, err, told)
	assert.Contains(t, w.ExplainFrontEnds(), told)

	answered := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, "GET /well HTTP/1.0\r\n\r\n")
		if err == nil {
			_, err = http.ReadResponse(bufio.NewReader(conn), nil)
		}
		answered <- err
	}()
	select {
	case err := <-answered:
		assert.Fail(t, "nothing may pass on a connection that is open", err)
	case <-time.After(50 * time.Millisecond):
	}
	w.mu.Lock()
	w.policies = whole
	w.mu.Unlock()
	w.Changed()
	require.NoError(t, await.Receive(t, answered), "it goes on")
	require.NoError(t, conn.Close())
}

func TestAnAttemptTriesTheConnectionAndTellsWhatStoppedIt(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	got, err := w.Attempt(t.Context(), w.api.IP, w.redis, "PING\n")
	require.NoError(t, err)
	assert.Equal(t, dataplane.Outcome{Connected: true, Answer: "PING\n"}, got)
	for to, missing := range map[string]string{
		"93.184.216.34:443":   "to 93.184.216.34:443 is allowed by none",
		otherService.String(): "to pod coditect-app/coditect-api-v2-0, TCP port 8080, is allowed by none",
	} {
		got, err = w.Attempt(t.Context(), w.api.IP, netip.MustParseAddrPort(to), "hello")
		require.NoError(t, err)
		assert.False(t, got.Connected)
		assert.Contains(t, got.Denied, missing)
	}
	_, err = w.Attempt(t.Context(), w.names.IP, w.redis, "")
	require.ErrorContains(t, err, "no pod with a network of its own")
}

func TestTheStatusSaysWhatIsMissingNowAndNotWhatAnAttackTried(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	_, err := w.Attempt(t.Context(), w.api.IP, netip.MustParseAddrPort("93.184.216.34:443"), "hello")
	require.NoError(t, err)
	require.Contains(t, w.dial(w.redis.String()), "hello")
	_, err = w.Attempt(t.Context(), w.api.IP, w.database, "hello")
	require.NoError(t, err)
	assert.Empty(t, w.Status().Missing)
	assert.Empty(t, w.Status().Denials, "no rule is missing for an attack")

	whole := slices.Clone(w.policies)
	w.edit(without(6378))
	w.edit(without(5432))
	missing := w.Status().Missing
	require.Len(t, missing, 1, "what the pod has used, though it has no connection just now, and nothing else")
	assert.Contains(t, missing[0], "egress from pod coditect-app/license-api-1 to "+w.redis.String()+" (Memorystore) is allowed by none")
	assert.Contains(t, missing[0], "The missing rule")
	assert.Contains(t, w.knock(w.redis.String()), "i/o timeout")
	w.tells("to " + w.redis.String())
	assert.Len(t, w.Status().Denials, 1, "now something is denied")

	w.mu.Lock()
	w.policies = whole
	w.mu.Unlock()
	w.Changed()
	assert.Empty(t, w.Status().Missing, "it is allowed again")
	assert.Empty(t, w.Status().Denials, "so the advice would be wrong")
}

// The Cloud IDE's pods live in the same namespace, and no policy may select them.
func TestThePodsOfTheIDEStayAsTheyAreUnlessTheNamespaceIsDenied(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	reaches := func() map[string]bool {
		reached := map[string]bool{}
		for name, to := range map[string]netip.AddrPort{"metadata": metadata, "Redis": w.redis, "the API": netip.AddrPortFrom(w.api.IP, 8000)} {
			got, err := w.Attempt(t.Context(), w.other.IP, to, "")
			require.NoError(t, err)
			reached[name] = got.Connected
		}
		at := netip.AddrPortFrom(w.other.IP, 8080).String()
		hurried, cancel := context.WithCancel(t.Context())
		cancel() // a denial is told at once, and nothing is connected
		_, err := w.DialFrontEnd(hurried, "tcp", at)
		require.Error(t, err)
		if strings.Contains(err.Error(), "denied by NetworkPolicy") {
			reached["from the load balancer"] = false
			return reached
		}
		conn, err := w.DialFrontEnd(t.Context(), "tcp", at)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		reached["from the load balancer"] = true
		return reached
	}
	set := func(settings isolation.Settings) {
		settings.Dataplane = isolation.DataplaneV2
		w.mu.Lock()
		w.policies = declaredPolicies(t, settings, netip.PrefixFrom(w.redis.Addr(), 28).String(), w.kms)
		w.mu.Unlock()
		w.Changed()
	}
	unchanged := map[string]bool{"metadata": true, "Redis": true, "the API": false, "from the load balancer": true}
	assert.Equal(t, unchanged, reaches(), "but the API's own policies keep it out there")
	set(isolation.Settings{DenyNamespace: true})
	assert.Equal(t, map[string]bool{"metadata": false, "Redis": false, "the API": false, "from the load balancer": false}, reaches(), "a denial of the whole namespace breaks it")
	set(isolation.Settings{DenyNamespace: true, StayingWorkloads: []isolation.StayingWorkload{{Name: "ide", PodLabels: w.other.Labels}}})
	assert.Equal(t, unchanged, reaches(), "workloads that are named stay")
}

func TestPoliciesForAnotherDataplaneKeepThePodFromItsIdentity(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	w.start()
	w.mu.Lock()
	w.policies = declaredPolicies(t, isolation.Settings{Dataplane: isolation.Calico}, netip.PrefixFrom(w.redis.Addr(), 28).String(), w.kms)
	w.mu.Unlock()
	w.Changed()
	got, err := w.Attempt(t.Context(), w.api.IP, metadata, "")
	require.NoError(t, err)
	assert.Contains(t, got.Denied, "to 169.254.169.254:80 (the metadata server) is allowed by none")
}

func TestAPodThatEndsLeavesNothingAndCanStartAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t, executable(t))
	for range 2 {
		started := w.start()
		started.Stop(t.Context())
		await.True(t, func() bool {
			listener, err := net.Listen("tcp", w.at(8000))
			return err == nil && listener.Close() == nil
		}, "the pod's port is free again")
		_, err := w.DialFrontEnd(t.Context(), "tcp", w.at(8000))
		require.Error(t, err, "nobody is there")
	}
}

func TestWithoutNamespacesThePoliciesHoldAtTheLoadBalancerAndAWarningSaysSo(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "/bin/false")
	w.start()
	assert.Contains(t, w.Status().Warning, "NetworkPolicies hold at the load balancer only")
	assert.Contains(t, w.dial(netip.AddrPortFrom(w.other.IP, 8080).String()), "hello", "nothing is kept from the pod")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := w.DialFrontEnd(ctx, "tcp", w.at(9090))
	require.ErrorContains(t, err, "denied by NetworkPolicy")
}
