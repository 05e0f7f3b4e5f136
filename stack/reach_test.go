package stack_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/k8s/reachability"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// policies are the stack's NetworkPolicies, decoded strictly.
func policies(t *testing.T, made *plan.Plan, calico bool) reachability.Cluster {
	t.Helper()
	cluster := reachability.Cluster{BlocksMatchPods: calico}
	for _, r := range made.Of(networkPolicy) {
		encoded, err := json.Marshal(r.Inputs())
		require.NoError(t, err)
		var policy networkingv1.NetworkPolicy
		require.NoError(t, json.Unmarshal(encoded, &policy))
		cluster.Policies = append(cluster.Policies, policy)
	}
	require.NotEmpty(t, cluster.Policies)
	return cluster
}

func somePod(namespace, label, value, address string) reachability.Peer {
	return reachability.Of(reachability.Pod{
		Namespace: namespace, Labels: map[string]string{label: value}, Address: netip.MustParseAddr(address),
		Ports: map[string]reachability.Port{"http": reachability.TCP(8000), "metrics": reachability.TCP(9090)},
	})
}

// flow is one row of the matrix.
type flow struct {
	from, to string
	port     int32
	protocol corev1.Protocol
	allowed  bool
}

// actors are who the matrix is about; the namespace is the platform's.
func actors(namespace string) map[string]reachability.Peer {
	return map[string]reachability.Peer{
		"API":            somePod(namespace, "app", "license-api", "10.20.0.1"),
		"another API":    somePod(namespace, "app", "license-api", "10.20.0.2"),
		"migration":      somePod(namespace, "app", "license-migrate", "10.20.0.3"),
		"IDE":            somePod(namespace, "app", "coditect-api-v2", "10.20.0.4"),
		"frontend":       somePod(namespace, "app", "coditect-frontend", "10.20.0.5"),
		"stranger":       somePod("default", "app", "anything", "10.20.0.6"),
		"impostor":       somePod("default", "k8s-app", "kube-dns", "10.20.0.7"),
		"kube-dns":       somePod("kube-system", "k8s-app", "kube-dns", "10.20.0.8"),
		"node-local-dns": somePod("kube-system", "k8s-app", "node-local-dns", "10.20.0.9"),
		"prometheus":     somePod("gmp-system", "app", "collector", "10.20.0.10"),
		"front end":      reachability.At("35.191.3.4"),
		"health check":   reachability.At("130.211.1.2"),
		"internet":       reachability.At("93.184.216.34"),
		"SQL":            reachability.At("10.60.0.3"),
		"other private":  reachability.At("10.61.0.3"),
		"Google APIs":    reachability.At("199.36.153.10"),
		"public Google":  reachability.At("142.250.1.1"),
		"metadata v2":    reachability.At("169.254.169.254"),
		"metadata old":   reachability.At("169.254.169.252"),
		"local DNS":      reachability.At("169.254.20.10"),
		"DNS Service":    reachability.At("10.30.0.10"),
		"other Service":  reachability.At("10.30.0.11"),
	}
}

// always is what holds in every stack on Google Cloud and with every dataplane.
func always(databasePort int32) []flow {
	return []flow{
		{from: "front end", to: "API", port: 8000, allowed: true},
		{from: "health check", to: "API", port: 8000, allowed: true},
		{from: "front end", to: "API", port: 9090},
		{from: "front end", to: "migration", port: 8000},
		{from: "internet", to: "API", port: 8000},
		{from: "prometheus", to: "API", port: 9090, allowed: true},
		{from: "prometheus", to: "API", port: 8000},
		{from: "stranger", to: "API", port: 8000},
		{from: "stranger", to: "API", port: 9090},
		{from: "IDE", to: "API", port: 8000},
		{from: "another API", to: "API", port: 8000},
		{from: "API", to: "IDE", port: 80},
		{from: "API", to: "another API", port: 8000},
		{from: "API", to: "SQL", port: databasePort, allowed: true},
		{from: "API", to: "SQL", port: 6378, allowed: true},
		{from: "API", to: "SQL", port: 6379},
		{from: "API", to: "SQL", port: 443},
		{from: "API", to: "other private", port: databasePort},
		{from: "API", to: "Google APIs", port: 443, allowed: true},
		{from: "API", to: "Google APIs", port: 80},
		{from: "API", to: "public Google", port: 443},
		{from: "API", to: "internet", port: 443},
		{from: "API", to: "kube-dns", port: 53, protocol: corev1.ProtocolUDP, allowed: true},
		{from: "API", to: "kube-dns", port: 53, allowed: true},
		{from: "API", to: "node-local-dns", port: 53, protocol: corev1.ProtocolUDP, allowed: true},
		{from: "API", to: "local DNS", port: 53, protocol: corev1.ProtocolUDP, allowed: true},
		{from: "API", to: "impostor", port: 53, protocol: corev1.ProtocolUDP},
		{from: "API", to: "internet", port: 53, protocol: corev1.ProtocolUDP},
		{from: "migration", to: "SQL", port: databasePort, allowed: true},
		{from: "migration", to: "SQL", port: 6378},
		{from: "migration", to: "Google APIs", port: 443, allowed: true},
		{from: "migration", to: "internet", port: 443},
		{from: "stranger", to: "migration", port: 8000},
	}
}

func v2(allowed bool) []flow {
	return []flow{
		// With NodeLocal DNSCache, Calico sees the Service's own address.
		{from: "API", to: "DNS Service", port: 53, protocol: corev1.ProtocolUDP, allowed: !allowed},
		{from: "API", to: "DNS Service", port: 53, allowed: !allowed},
		{from: "migration", to: "DNS Service", port: 53, protocol: corev1.ProtocolUDP, allowed: !allowed},
		{from: "migration", to: "DNS Service", port: 53, allowed: !allowed},
		{from: "API", to: "DNS Service", port: 443},
		{from: "API", to: "other Service", port: 53, protocol: corev1.ProtocolUDP},
		{from: "API", to: "metadata v2", port: 80, allowed: allowed},
		{from: "API", to: "metadata v2", port: 8080, allowed: allowed},
		{from: "API", to: "metadata old", port: 988, allowed: !allowed},
		{from: "API", to: "metadata old", port: 987, allowed: !allowed},
	}
}

// theirs is the IDE's own traffic: as if there were no policy.
func theirs(allowed bool) []flow {
	return []flow{
		{from: "front end", to: "frontend", port: 80, allowed: allowed},
		{from: "frontend", to: "IDE", port: 80, allowed: allowed},
		{from: "IDE", to: "internet", port: 443, allowed: allowed},
		{from: "stranger", to: "IDE", port: 80, allowed: allowed},
	}
}

func TestPodsReachWhatTheyNeedAndNothingElse(t *testing.T) {
	t.Parallel()
	staying := []any{
		map[string]any{"name": "api", "podLabels": map[string]any{"app": "coditect-api-v2"}},
		map[string]any{"name": "frontend", "podLabels": map[string]any{"app": "coditect-frontend"}},
	}
	for name, c := range map[string]struct {
		stack   string
		changes []plan.Change
		calico  bool
		flows   [][]flow
	}{
		"prod":                   {"prod", nil, false, [][]flow{always(3307), v2(true), theirs(true)}},
		"prod on Calico":         {"prod", []plan.Change{stacktest.OnCalico()}, true, [][]flow{always(3307), v2(false), theirs(true)}},
		"dev":                    {"dev", nil, false, [][]flow{always(3307), v2(true), theirs(false)}},
		"local, as if in Google": {"local", nil, false, [][]flow{always(3307), v2(true), theirs(true)}},
		"prod, the whole namespace denied": {"prod", []plan.Change{
			plan.Set("kubernetes.networkPolicies.denyNamespace", true),
			plan.Set("kubernetes.networkPolicies.stayingWorkloads", staying),
		}, false, [][]flow{always(3307), v2(true), theirs(true), {{from: "stranger", to: "newcomer", port: 80}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := stacktest.Deploy(t, c.stack, c.changes...)
			cluster := policies(t, made, c.calico)
			peers := actors(made.Outputs().Text("namespace"))
			peers["newcomer"] = somePod(made.Outputs().Text("namespace"), "app", "unlisted", "10.20.0.11")
			for _, flows := range c.flows {
				for _, f := range flows {
					decision, err := cluster.Decide(reachability.Connection{From: peers[f.from], To: peers[f.to], Port: f.port, Protocol: f.protocol})
					require.NoError(t, err)
					assert.Equal(t, f.allowed, decision.Allowed, fmt.Sprintf("%s → %s:%d %s: %s", f.from, f.to, f.port, f.protocol, decision.Reason))
				}
			}
		})
	}
}

func TestWhatTheMatrixDoesNotAllowIsDenied(t *testing.T) {
	t.Parallel()
	calico := stacktest.OnCalico()
	for name, c := range map[string]struct {
		stack    string
		changes  []plan.Change
		database int32
		v2       bool
	}{
		"dev": {"dev", nil, 3307, true}, "prod": {"prod", nil, 3307, true}, "local": {"local", nil, 3307, true},
		"prod on Calico": {"prod", []plan.Change{calico}, 3307, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := stacktest.Deploy(t, c.stack, c.changes...)
			cluster := policies(t, made, !c.v2)
			peers := actors(made.Outputs().Text("namespace"))
			allowed := map[flow]bool{}
			for _, f := range append(always(c.database), v2(c.v2)...) {
				if f.protocol == "" {
					f.protocol = corev1.ProtocolTCP
				}
				allowed[f] = f.allowed
			}
			for _, from := range []string{"API", "migration"} {
				metadata, ports := "metadata v2", []int32{80, 8080}
				if !c.v2 {
					metadata, ports = "metadata old", []int32{987, 988}
				}
				for _, port := range ports {
					allowed[flow{from, metadata, port, corev1.ProtocolTCP, true}] = true
				}
				// Cloud DNS for GKE answers where the metadata server does.
				for _, resolver := range []string{"kube-dns", "node-local-dns", "local DNS", "metadata v2"} {
					allowed[flow{from, resolver, 53, corev1.ProtocolTCP, true}] = true
					allowed[flow{from, resolver, 53, corev1.ProtocolUDP, true}] = true
				}
			}
			asked, ours := 0, map[string]bool{"API": true, "another API": true, "migration": true}
			for from := range peers {
				for to := range peers {
					if from == to || from == "another API" || !ours[from] && !ours[to] {
						continue
					}
					if to == "another API" && from != "API" {
						continue
					}
					for _, port := range []int32{53, 80, 443, 987, 988, 3307, 5432, 6378, 6379, 8000, 8080, 9090} {
						for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
							want := allowed[flow{from, to, port, protocol, true}]
							decision, err := cluster.Decide(reachability.Connection{From: peers[from], To: peers[to], Port: port, Protocol: protocol})
							require.NoError(t, err)
							assert.Equal(t, want, decision.Allowed, fmt.Sprintf("%s → %s:%d %s: %s", from, to, port, protocol, decision.Reason))
							asked++
						}
					}
				}
			}
			assert.Greater(t, asked, 1000, "everybody is asked about everybody")
		})
	}
}

func TestWithOtherEndpointsPodsReachExactlyThose(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "local", plan.Set("endpoints", map[string]any{
		"kms": "127.9.8.10:8443", "secretManager": "127.9.8.11:8443", "sqlAdmin": "127.9.8.17:8443", "identityKeys": "https://127.9.8.12:8443/keys",
		"registry": "127.9.8.13:5000", "ca": "-----BEGIN CERTIFICATE-----",
	}))
	cluster := policies(t, made, false)
	api := actors("coditect-app")["API"]
	for address, allowed := range map[string]bool{
		"127.9.8.10:8443": true, "127.9.8.11:8443": true, "127.9.8.17:8443": true, "127.9.8.12:8443": true,
		"127.9.8.10:443": false, "127.9.8.13:5000": false, "199.36.153.10:443": false,
	} {
		at := netip.MustParseAddrPort(address)
		decision, err := cluster.Decide(reachability.Connection{From: api, To: reachability.Peer{Address: at.Addr()}, Port: int32(at.Port())})
		require.NoError(t, err)
		assert.Equal(t, allowed, decision.Allowed, address)
	}
	variables := environment(t, made.One(t, deployment, "license-api"))
	assert.Equal(t, "127.9.8.10:8443", variables["KMS_ENDPOINT"])
	assert.Equal(t, "https://127.9.8.12:8443/keys", variables["IDENTITY_KEYS_URL"])
	assert.Equal(t, "linux/amd64 127.9.8.13:5000/coditect-cloud-infra/license-platform/license-api:next-"+made.Stack, made.Pushed[0])
}
