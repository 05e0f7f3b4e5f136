package ingresscontroller_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestMain(m *testing.M) {
	// The Pulumi SDK's log starts this one.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// The types and ids of the resources that the tests change.
const (
	ingress        = "kubernetes:networking.k8s.io/v1:Ingress coditect-app/unified"
	licenseService = "kubernetes:core/v1:Service coditect-app/license-api"
	ideService     = "kubernetes:core/v1:Service coditect-app/coditect-api-v2"
	licenseConfig  = "kubernetes:cloud.google.com/v1:BackendConfig coditect-app/license-api"
	ideConfig      = "kubernetes:cloud.google.com/v1:BackendConfig coditect-app/ide"
	frontConfig    = "kubernetes:networking.gke.io/v1beta1:FrontendConfig coditect-app/front"
	licenseCert    = "kubernetes:networking.gke.io/v1:ManagedCertificate coditect-app/license-ssl"
	policy         = "gcp:compute/securityPolicy:SecurityPolicy armor"
	regionRule     = "gcp:compute/securityPolicyRule:SecurityPolicyRule armor/1000"
	limitRule      = "gcp:compute/securityPolicyRule:SecurityPolicyRule armor/9000"
	sslPolicy      = "gcp:compute/sSLPolicy:SSLPolicy tls"
	address        = "gcp:compute/globalAddress:GlobalAddress coditect-ai-ip"
)

// declared are valid resources, as the stack declares them: YAML by type and id.
func declared() map[string]string {
	return map[string]string{
		ingress: `
metadata:
  name: unified
  namespace: coditect-app
  annotations:
    kubernetes.io/ingress.class: gce
    kubernetes.io/ingress.global-static-ip-name: coditect-ai-ip
    kubernetes.io/ingress.allow-http: "false"
    networking.gke.io/v1beta1.FrontendConfig: front
    networking.gke.io/managed-certificates: coditect-ai-ssl, license-ssl
spec:
  rules:
  - host: api.coditect.ai
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: coditect-api-v2, port: {number: 80}}}}]}
  - host: licenses.coditect.ai
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: license-api, port: {name: http}}}}
      - {path: /v1/admin, pathType: Exact, backend: {service: {name: license-api, port: {number: 80}}}}`,
		licenseService: `
metadata:
  name: license-api
  namespace: coditect-app
  annotations:
    cloud.google.com/neg: '{"ingress": true}'
    cloud.google.com/backend-config: '{"default": "license-api"}'
spec:
  type: ClusterIP
  selector: {app: license-api}
  ports: [{name: http, port: 80, targetPort: http}]`,
		ideService: `
metadata:
  name: coditect-api-v2
  namespace: coditect-app
  annotations: {cloud.google.com/backend-config: '{"ports": {"80": "ide"}}'}
spec:
  type: NodePort
  selector: {app: coditect-api-v2}
  ports: [{port: 80, targetPort: 8080}]`,
		licenseConfig: `
metadata: {name: license-api, namespace: coditect-app}
spec:
  timeoutSec: 30
  securityPolicy: {name: armor}
  connectionDraining: {drainingTimeoutSec: 60}
  sessionAffinity: {affinityType: CLIENT_IP}
  logging: {enable: true, sampleRate: 0.5}
  healthCheck: {checkIntervalSec: 10, timeoutSec: 5, healthyThreshold: 1, unhealthyThreshold: 3, type: HTTP, requestPath: /health, port: 8000}`,
		ideConfig: `
metadata: {name: ide, namespace: coditect-app}
spec: {timeoutSec: 86400}`,
		frontConfig: `
metadata: {name: front, namespace: coditect-app}
spec: {sslPolicy: tls}`,
		licenseCert: `
metadata: {name: license-ssl, namespace: coditect-app}
spec: {domains: [licenses.coditect.ai]}`,
		"kubernetes:networking.gke.io/v1:ManagedCertificate coditect-app/coditect-ai-ssl": `
metadata: {name: coditect-ai-ssl, namespace: coditect-app}
spec: {domains: [api.coditect.ai, coditect.ai, www.coditect.ai]}`,
		"kubernetes:apps/v1:Deployment coditect-app/ide": `
metadata: {name: ide, namespace: coditect-app}
spec:
  template:
    metadata: {labels: {app: coditect-api-v2}}
    spec:
      containers:
      - ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 7, timeoutSeconds: 3}`,
		policy: `
name: armor
rules: [{priority: 2147483647, action: "deny(403)", match: {versionedExpr: SRC_IPS_V1, config: {srcIpRanges: ["*"]}}}]`,
		regionRule: `
securityPolicy: armor
priority: 1000
action: deny(403)
match: {expr: {expression: "origin.region_code == 'DE'"}}`,
		limitRule: `
securityPolicy: armor
priority: 9000
action: throttle
match: {versionedExpr: SRC_IPS_V1, config: {srcIpRanges: ["*"]}}
rateLimitOptions:
  conformAction: allow
  exceedAction: deny(429)
  enforceOnKey: IP
  rateLimitThreshold: {count: 100, intervalSec: 60}`,
		sslPolicy: `{name: tls, profile: RESTRICTED, minTlsVersion: TLS_1_2}`,
		address:   `{name: coditect-ai-ip, address: 198.51.100.7}`,
	}
}

// fixture is a store with the declared resources, pods, and a load balancer that only
// remembers.
type fixture struct {
	// options changes the controller's, when it is set.
	options func(*ingresscontroller.Options)

	t     *testing.T
	store *store.Store

	mu      sync.Mutex
	pods    []ingresscontroller.Pod
	configs []loadbalancer.Config
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := store.New()
	w := &fixture{t: t, store: s, pods: []ingresscontroller.Pod{
		pod("license-api", "10.0.0.1", true), pod("license-api", "10.0.0.2", false), pod("coditect-api-v2", "10.0.0.3", true),
	}}
	all := declared()
	w.declare(ingress, all[ingress])
	for id, text := range all {
		w.declare(id, text)
	}
	return w
}

func pod(app, ip string, ready bool) ingresscontroller.Pod {
	return ingresscontroller.Pod{
		Namespace: "coditect-app", Name: app + "-" + ip, Labels: map[string]string{"app": app, "pod-template-hash": "1"},
		IP: netip.MustParseAddr(ip), Ports: map[string]int32{"http": 8000}, Ready: ready,
	}
}

func (w *fixture) declare(key, text string) {
	w.t.Helper()
	typ, id, properties := split(key), key[len(split(key))+1:], map[string]any{}
	require.NoError(w.t, yaml.Unmarshal([]byte(text), &properties))
	require.NoError(w.t, w.store.Put(store.Resource{Type: typ, ID: id, Inputs: properties, Outputs: properties}))
}

func (w *fixture) remove(key string) {
	w.t.Helper()
	require.NoError(w.t, w.store.Delete(split(key), key[len(split(key))+1:]))
}

func split(key string) string {
	for i := range key {
		if key[i] == ' ' {
			return key[:i]
		}
	}
	return key
}

// Pods and Update let the fixture play both sides of the controller.
func (w *fixture) Pods() []ingresscontroller.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pods
}

func (w *fixture) Update(c loadbalancer.Config) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.configs = append(w.configs, c)
	return nil
}

func (w *fixture) setPods(pods ...ingresscontroller.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pods = pods
}

func (w *fixture) served() []loadbalancer.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.configs
}

func (w *fixture) latest() loadbalancer.Config {
	w.t.Helper()
	all := w.served()
	require.NotEmpty(w.t, all, "the load balancer was never configured")
	return all[len(all)-1]
}

func (w *fixture) backend(name string) loadbalancer.Backend {
	w.t.Helper()
	for _, b := range w.latest().Backends {
		if b.Name == name {
			return b
		}
	}
	require.Fail(w.t, "no backend "+name)
	return loadbalancer.Backend{}
}

func (w *fixture) controller() *ingresscontroller.Controller {
	options := ingresscontroller.Options{Store: w.store, Pods: w, LoadBalancer: w, Armor: remembers, Poll: 10 * time.Millisecond}
	if w.options != nil {
		w.options(&options)
	}
	return ingresscontroller.New(options)
}

// remembered is a guard that only knows what it was made from.
type remembered struct {
	made   int
	inline []any
	rules  []int
}

func (*remembered) Evaluate(context.Context, loadbalancer.Inspection) loadbalancer.Verdict {
	return loadbalancer.Verdict{}
}

func remembers(policy map[string]any, rules []map[string]any, previous loadbalancer.Guard) (loadbalancer.Guard, error) {
	g, known := previous.(*remembered)
	if !known {
		g = &remembered{}
	}
	g.made++
	g.inline, _ = policy["rules"].([]any)
	g.rules = nil
	for _, r := range rules {
		priority, _ := r["priority"].(float64)
		g.rules = append(g.rules, int(priority))
	}
	return g, nil
}
