package ingresscontroller_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestTheDeclaredWorldBecomesTheLoadBalancersConfiguration(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	status := w.controller().Sync()
	require.Empty(t, status.Problems)
	assert.True(t, status.Synced)
	assert.Equal(t, "coditect-app/unified", status.Ingress)

	c := w.latest()
	assert.Equal(t, netip.MustParseAddr("198.51.100.7"), c.Address)
	assert.Equal(t, loadbalancer.TLSPolicy{Profile: "RESTRICTED", MinVersion: "TLS_1_2"}, c.TLS)
	assert.Equal(t, loadbalancer.PlainHTTP{}, c.PlainHTTP)
	assert.ElementsMatch(t, [][]string{{"api.coditect.ai", "coditect.ai", "www.coditect.ai"}, {"licenses.coditect.ai"}}, domains(c))
	license, ide := "coditect-app-license-api-80", "coditect-app-coditect-api-v2-80"
	assert.Equal(t, []loadbalancer.Host{
		{Host: "api.coditect.ai", Paths: []loadbalancer.Path{{Pattern: "/*", Backend: ide}}},
		{Host: "licenses.coditect.ai", Paths: []loadbalancer.Path{{Pattern: "/*", Backend: license}, {Pattern: "/v1/admin", Backend: license}}},
	}, c.Hosts)

	b := w.backend(license)
	assert.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:8000")}, b.Endpoints, "ready pods at the named port")
	assert.Equal(t, 30*time.Second, b.Timeout)
	assert.Equal(t, time.Minute, b.Draining)
	assert.Equal(t, loadbalancer.AffinityClientIP, b.Affinity)
	assert.Equal(t, loadbalancer.Sampling{Enable: true, Rate: 0.5}, b.Log)
	assert.Equal(t, loadbalancer.HealthCheck{
		Interval: 10 * time.Second, Timeout: 5 * time.Second, HealthyThreshold: 1, UnhealthyThreshold: 3, Path: "/health", Port: 8000,
	}, b.HealthCheck)
	require.NotNil(t, b.Guard)

	b = w.backend(ide)
	assert.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.3:8080")}, b.Endpoints)
	assert.Equal(t, 24*time.Hour, b.Timeout)
	assert.Nil(t, b.Guard)
	assert.Equal(t, loadbalancer.HealthCheck{Path: "/ready", Interval: 7 * time.Second, Timeout: 3 * time.Second}, b.HealthCheck,
		"without one declared it is the pods' readiness probe")
}

func TestWhatTheLoadBalancerUsesIsToldAlsoWhileTheSyncStalls(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	c := w.controller()
	assert.Empty(t, c.Uses().Backends, "nothing is served yet")
	require.Empty(t, c.Sync().Problems)
	uses := c.Uses()
	assert.Equal(t, "tls", uses.SSLPolicy)
	assert.Equal(t, "coditect-app/unified", uses.URLMap)
	assert.NotEmpty(t, uses.Address)
	require.NotEmpty(t, uses.Backends)

	w.remove(licenseService)
	require.NotEmpty(t, c.Sync().Problems)
	assert.Equal(t, uses, c.Uses(), "what was attached stays attached")

	w.edit(frontConfig, "sslPolicy: tls", `sslPolicy: ""`)
	require.NotEmpty(t, c.Sync().Problems)
	assert.Equal(t, "tls", c.Uses().SSLPolicy)
}

func TestWhatIsMissingStallsTheWholeSyncAndTheLastGoodConfigurationServes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(w *fixture)
		problem string
	}{
		"the policy":          {func(w *fixture) { w.remove(policy) }, `BackendConfig "coditect-app/license-api": there is no security policy "armor"`},
		"the license Service": {func(w *fixture) { w.remove(licenseService) }, `could not find service "coditect-app/license-api"`},
		"the IDE's Service":   {func(w *fixture) { w.remove(ideService) }, `could not find service "coditect-app/coditect-api-v2"`},
		"the BackendConfig": {
			func(w *fixture) { w.remove(licenseConfig) }, `error getting BackendConfig "coditect-app/license-api" for port 80 of service "coditect-app/license-api"`,
		},
		"the SSL policy":     {func(w *fixture) { w.remove(sslPolicy) }, `there is no SSL policy "tls"`},
		"the static address": {func(w *fixture) { w.remove(address) }, `the given static IP name "coditect-ai-ip" doesn't translate to an existing static IP`},
		"the NEG annotation": {
			func(w *fixture) { w.edit(licenseService, `cloud.google.com/neg: '{"ingress": true}'`, "unused: x") },
			`service "coditect-app/license-api" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`,
		},
		"the Service's port": {
			func(w *fixture) { w.edit(licenseService, "name: http, port: 80", "name: web, port: 80") }, `could not find port "http" in service "coditect-app/license-api"`,
		},
		"readable annotations": {
			func(w *fixture) { w.edit(licenseService, `'{"default": "license-api"}'`, "license-api") }, `is not JSON like {"default": "name"}`,
		},
		"an exact path without wildcard": {func(w *fixture) { w.edit(ingress, "/v1/admin", "/v1/*") }, `path "/v1/*" of type Exact`},
		"a health check by HTTP":         {func(w *fixture) { w.edit(licenseConfig, "type: HTTP", "type: TCP") }, `health check type "TCP"`},
		"the secret of IAP": {
			func(w *fixture) {
				w.edit(licenseConfig, "timeoutSec: 30", "iap: {enabled: true, oauthclientCredentials: {secretName: oauth}}")
			}, `could not find secret "coditect-app/oauth"`,
		},
		"a feature that exists": {
			func(w *fixture) { w.edit(licenseConfig, "timeoutSec: 30", "cdn: {enabled: true}") }, "turns on Cloud CDN",
		},
		"headers that exist": {
			func(w *fixture) {
				w.edit(licenseConfig, "timeoutSec: 30", "customRequestHeaders: {headers: [\"X-Region:{client_region}\"]}")
			}, "sets customRequestHeaders",
		},
		"an affinity that exists": {
			func(w *fixture) { w.edit(licenseConfig, "CLIENT_IP", "GENERATED_COOKIE") }, `session affinity "GENERATED_COOKIE"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			lb := w.controller()
			require.True(t, lb.Sync().Synced)
			before := w.latest()
			c.change(w)
			w.setPods(append(w.Pods(), pod("license-api", "10.0.0.9", true))...)

			status := lb.Sync()

			assert.False(t, status.Synced)
			assert.Contains(t, strings.Join(status.Problems, "\n"), c.problem)
			after := w.latest()
			assert.Equal(t, before.Hosts, after.Hosts)
			assert.Equal(t, before.Certificates, after.Certificates)
			assert.Contains(t, w.backend("coditect-app-license-api-80").Endpoints, netip.MustParseAddrPort("10.0.0.9:8000"),
				"endpoints follow the pods even while the Ingress stalls")
			for id, text := range declared() {
				w.declare(id, text)
			}
			assert.True(t, lb.Sync().Synced, "it carries on when what was missing is there again")
		})
	}
}

// edit replaces a text in a declared resource.
func (w *fixture) edit(key, from, to string) {
	w.t.Helper()
	text := declared()[key]
	require.Contains(w.t, text, from)
	w.declare(key, strings.ReplaceAll(text, from, to))
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.remove(policy)
	w.remove(sslPolicy)
	w.remove(ideService)
	status := w.controller().Sync()
	assert.Len(t, status.Problems, 3)
	assert.Empty(t, w.served(), "nothing good was ever declared, so nothing serves")
}

func TestAnIngressThatGKEWouldIgnoreIsIgnored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string
		served   bool
	}{
		"another class":                             {"ingress.class: gce", "ingress.class: nginx", false},
		"the internal class":                        {"ingress.class: gce", "ingress.class: gce-internal", false},
		"only ingressClassName":                     {"kubernetes.io/ingress.class: gce", "unused: x", false},
		"a BackendConfig annotation on the Ingress": {"annotations:", "annotations:\n    cloud.google.com/backend-config: '{\"default\": \"nowhere\"}'", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			text := strings.ReplaceAll(declared()[ingress], c.from, c.to)
			if !c.served {
				text = strings.ReplaceAll(text, "spec:\n", "spec:\n  ingressClassName: gce\n")
			}
			w.declare(ingress, text)
			status := w.controller().Sync()
			assert.Empty(t, status.Problems)
			if c.served {
				assert.Len(t, w.latest().Hosts, 2)
				return
			}
			assert.Empty(t, w.latest().Hosts)
			require.Len(t, status.Ignored, 1)
			assert.Contains(t, status.Ignored[0], "kubernetes.io/ingress.class: gce")
		})
	}
}

func TestOnlyOneIngressHasTheAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.declare("kubernetes:networking.k8s.io/v1:Ingress coditect-app/second", strings.ReplaceAll(declared()[ingress], "name: unified", "name: second"))
	lb := w.controller()
	status := lb.Sync()
	assert.Equal(t, "coditect-app/unified", status.Ingress, "the older one")
	require.Len(t, status.Ignored, 1)
	assert.Contains(t, status.Ignored[0], `the specified IP address "coditect-ai-ip" is in use by Ingress coditect-app/unified`)
	w.remove(ingress)
	assert.Equal(t, "coditect-app/second", lb.Sync().Ingress)
	w.remove("kubernetes:networking.k8s.io/v1:Ingress coditect-app/second")
	assert.Empty(t, lb.Sync().Ingress)
	assert.Empty(t, w.latest().Hosts, "without an Ingress there is no load balancer")
}

func TestAPolicysRulesChangeInPlaceEvenWhileTheIngressStalls(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	require.True(t, lb.Sync().Synced)
	guard := w.backend("coditect-app-license-api-80").Guard.(*remembered)
	assert.ElementsMatch(t, []int{1000, 9000}, guard.rules)
	configured := len(w.served())

	w.remove(regionRule)
	w.remove(licenseService) // the translation never comes to the policy
	require.False(t, lb.Sync().Synced)
	assert.Equal(t, []int{9000}, guard.rules)
	assert.Len(t, w.served(), configured, "a rule is no change of the load balancer")
}

func TestAPolicyHasExactlyOneDefaultRule(t *testing.T) {
	t.Parallel()
	alone := "{securityPolicy: armor, priority: 2147483647, action: allow}"
	for name, c := range map[string]struct {
		change       func(w *fixture)
		inline, rest int
	}{
		"the inline one":                   {func(*fixture) {}, 1, 2},
		"a stand-alone one replaces it":    {func(w *fixture) { w.declare(limitRule, alone) }, 0, 2},
		"the API adds one that is missing": {func(w *fixture) { w.declare(policy, "{name: armor}") }, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			c.change(w)
			require.True(t, w.controller().Sync().Synced)
			guard := w.backend("coditect-app-license-api-80").Guard.(*remembered)
			assert.Len(t, guard.inline, c.inline)
			assert.Len(t, guard.rules, c.rest)
		})
	}
}

func TestAPolicyIsReadAgainOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	lb.Sync()
	guard := w.backend("coditect-app-license-api-80").Guard.(*remembered)
	w.edit(licenseConfig, "timeoutSec: 30", "timeoutSec: 31")
	lb.Sync()
	assert.Equal(t, 1, guard.made)
	w.edit(regionRule, "'DE'", "'FR'")
	lb.Sync()
	assert.Equal(t, 2, guard.made)
}

func TestAnEmptyPolicyNameDetachesThePolicy(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	lb.Sync()
	w.edit(licenseConfig, "{name: armor}", `{name: ""}`)
	require.True(t, lb.Sync().Synced)
	assert.Nil(t, w.backend("coditect-app-license-api-80").Guard)
}

func TestIAPTakesItsClientFromTheSecret(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.edit(licenseConfig, "timeoutSec: 30", "iap: {enabled: true, oauthclientCredentials: {secretName: oauth}}")
	secret := "kubernetes:core/v1:Secret coditect-app/oauth"
	w.declare(secret, "{metadata: {name: oauth, namespace: coditect-app}, stringData: {client_id: client-1}}")
	lb := w.controller()
	assert.Contains(t, strings.Join(lb.Sync().Problems, "\n"), "needs the entries client_id and client_secret")
	w.declare(secret, "{metadata: {name: oauth, namespace: coditect-app}, data: {client_id: Y2xpZW50LTE=, client_secret: c2VjcmV0}}")
	require.True(t, lb.Sync().Synced)
	assert.Equal(t, &loadbalancer.IAP{ClientID: "client-1"}, w.backend("coditect-app-license-api-80").IAP)
}

func TestTheControllerFollowsTheStoreAndThePodsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	lb := w.controller()
	go func() { ended <- lb.Run(ctx) }()
	await.True(t, func() bool { return lb.Status().Synced })

	w.setPods(pod("license-api", "10.0.0.5", true))
	await.True(t, func() bool {
		e := w.backend("coditect-app-license-api-80").Endpoints
		return len(e) == 1 && e[0].Addr() == netip.MustParseAddr("10.0.0.5")
	}, "a change of pods is followed")

	w.edit(licenseConfig, "timeoutSec: 30", "timeoutSec: 31")
	await.True(t, func() bool { return w.backend("coditect-app-license-api-80").Timeout == 31*time.Second })
	settled := len(w.served())
	time.Sleep(100 * time.Millisecond)
	assert.Len(t, w.served(), settled, "what is unchanged is not configured again")
	stop()
	require.NoError(t, await.Receive(t, ended))
}

func TestRedirectsAndPlainHTTPFollowTheFrontendConfig(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.edit(ingress, `kubernetes.io/ingress.allow-http: "false"`, "unused: x")
	w.edit(frontConfig, "{sslPolicy: tls}", "{redirectToHttps: {enabled: true, responseCodeName: PERMANENT_REDIRECT}}")
	require.True(t, w.controller().Sync().Synced)
	assert.Equal(t, loadbalancer.PlainHTTP{Allowed: true, RedirectCode: 308}, w.latest().PlainHTTP)
	assert.Equal(t, loadbalancer.TLSPolicy{}, w.latest().TLS, "no policy was there before")
}

var _ ingresscontroller.Pods = ingresscontroller.PodsFunc(nil)
