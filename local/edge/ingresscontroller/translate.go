package ingresscontroller

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// plan is a translated Ingress: the configuration without endpoints, and where
// each backend's endpoints come from.
type plan struct {
	config  loadbalancer.Config
	targets map[string]target // by backend name
	guards  map[string]string // name of the policy, by backend name
	// sslPolicy and address are the names of what the front end uses.
	sslPolicy, address string
	// warnings are what is wrong and stalls nothing.
	warnings []string
}

// proxy is what stays of a load balancer's front end from one pass to the next.
type proxy struct {
	tls          loadbalancer.TLSPolicy
	sslPolicy    string // the name of tls
	certificates *certificates
}

// translation turns one Ingress into a plan and collects everything that is wrong
// on the way: one mistake is enough to keep the old plan.
type translation struct {
	declaredResources declaredResources
	ingress           networkingv1.Ingress
	guards            *guards
	proxy             *proxy
	plan              plan
	problems          []error
}

func translate(w declaredResources, ingress networkingv1.Ingress, guards *guards, front *proxy) (*plan, error) {
	t := &translation{declaredResources: w, ingress: ingress, guards: guards, proxy: front, plan: plan{
		config:  loadbalancer.Config{Name: ingress.Namespace + "/" + ingress.Name},
		targets: map[string]target{}, guards: map[string]string{},
	}}
	t.routes()
	t.frontend()
	if len(t.problems) > 0 {
		return nil, errors.Join(t.problems...)
	}
	front.tls, front.sslPolicy = t.plan.config.TLS, t.plan.sslPolicy
	return &t.plan, nil
}

// warn notes what is wrong and stalls nothing.
func (t *translation) warn(format string, args ...any) {
	t.plan.warnings = append(t.plan.warnings, fmt.Sprintf(format, args...))
}

func (t *translation) problem(format string, args ...any) {
	t.problems = append(t.problems, fmt.Errorf(format, args...))
}

// key is the store's id of an object in the namespace of the Ingress, where its backends
// and configurations are.
func (t *translation) key(name string) string { return t.ingress.Namespace + "/" + name }

func (t *translation) routes() {
	byHost := map[string]int{}
	for _, rule := range t.ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		host := rule.Host
		if host == "" {
			host = "*"
		}
		at, known := byHost[host]
		if !known {
			at = len(t.plan.config.Hosts)
			byHost[host] = at
			t.plan.config.Hosts = append(t.plan.config.Hosts, loadbalancer.Host{Host: host})
		}
		for _, path := range rule.HTTP.Paths {
			all, err := patterns(path)
			if err != nil {
				t.problem("host %q: %w", host, err)
			}
			backend := t.backend(path.Backend)
			for _, pattern := range all {
				t.put(at, pattern, backend)
			}
		}
	}
	if t.ingress.Spec.DefaultBackend != nil {
		t.plan.config.Default = t.backend(*t.ingress.Spec.DefaultBackend)
	}
}

// put adds a path rule; a path that is listed twice belongs to the last backend.
func (t *translation) put(host int, pattern, backend string) {
	paths := &t.plan.config.Hosts[host].Paths
	for i := range *paths {
		if (*paths)[i].Pattern == pattern {
			(*paths)[i].Backend = backend
			return
		}
	}
	*paths = append(*paths, loadbalancer.Path{Pattern: pattern, Backend: backend})
}

// backend translates a Service port and returns the backend's name, empty when
// there is a problem. The messages begin as ingress-gce words them
// (pkg/controller/errors).
func (t *translation) backend(b networkingv1.IngressBackend) string {
	if b.Service == nil {
		t.problem("a backend of Ingress %s names no Service; GKE Ingress has no other backends", t.plan.config.Name)
		return ""
	}
	id := t.key(b.Service.Name)
	service, exists := t.declaredResources.services[id]
	if !exists {
		t.problem("could not find service %q, which the Ingress routes to", id)
		return ""
	}
	port, found := servicePort(service, b.Service.Port)
	if !found {
		t.problem("could not find port %q in service %q", portText(b.Service.Port), id)
		return ""
	}
	name := fmt.Sprintf("%s-%s-%d", t.ingress.Namespace, service.Name, port.Port)
	if _, done := t.plan.targets[name]; done {
		return name
	}
	t.plan.targets[name] = targetOf(service, port)
	t.checkKind(service, port, id)
	t.plan.config.Backends = append(t.plan.config.Backends, t.settings(name, service, port))
	return name
}

// checkKind refuses what the load balancer cannot reach.
func (t *translation) checkKind(s corev1.Service, port corev1.ServicePort, id string) {
	neg, err := hasNEG(s)
	if err != nil {
		t.problem("service %q: annotation %s: %w", id, annotationNEG, err)
	}
	if !neg && s.Spec.Type != corev1.ServiceTypeNodePort && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		t.problem(`service %q is type %q, expected "NodePort" or "LoadBalancer", or the annotation %s: '{"ingress": true}'`,
			id, s.Spec.Type, annotationNEG)
	}
	if protocol := s.Annotations[annotationAppProtocols]; protocol != "" && !strings.Contains(protocol, `"HTTP"`) {
		t.problem("service %q: annotation %s %s: the embedded cloud's load balancer speaks HTTP to pods only", id, annotationAppProtocols, protocol)
	}
}

func servicePort(s corev1.Service, want networkingv1.ServiceBackendPort) (corev1.ServicePort, bool) {
	for _, port := range s.Spec.Ports {
		if want.Name != "" && port.Name == want.Name || want.Name == "" && port.Port == want.Number {
			return port, true
		}
	}
	return corev1.ServicePort{}, false
}

func portText(p networkingv1.ServiceBackendPort) string {
	if p.Name != "" {
		return p.Name
	}
	return fmt.Sprint(p.Number)
}
