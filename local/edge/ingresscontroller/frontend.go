package ingresscontroller

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// maxCertificates is how many certificates a target proxy of an Ingress may have
// (https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs#limitations).
const maxCertificates = 15

// frontend translates what stands before the routes: address, certificates, SSL
// policy, plain HTTP. BackendConfig annotations on an Ingress are not read, as on
// GKE.
func (t *translation) frontend() {
	t.address()
	t.certificates()
	config := &t.plan.config
	config.TLS, t.plan.sslPolicy = t.proxy.tls, t.proxy.sslPolicy // an SSL policy stays until a FrontendConfig names another, or ""
	config.PlainHTTP.Allowed = t.ingress.Annotations[annotationAllowHTTP] != "false"
	if name := t.ingress.Annotations[annotationFrontendConfig]; name != "" {
		t.frontendConfig(name)
	}
	if !config.PlainHTTP.Allowed && len(config.Certificates) == 0 && len(t.problems) == 0 {
		t.problem("Ingress %s allows no HTTP and has no certificate for HTTPS: it would serve nothing", config.Name)
		for _, why := range t.plan.warnings {
			t.problem("%s", why)
		}
	}
}

func (t *translation) address() {
	name := t.ingress.Annotations[annotationStaticIP]
	if name == "" {
		return
	}
	address, exists := t.declaredResources.addresses[name]
	if !exists {
		t.problem("the given static IP name %q doesn't translate to an existing static IP: there is no such global address", name)
		return
	}
	t.plan.address = name
	if ip, err := netip.ParseAddr(address.Address); err == nil {
		t.plan.config.Address = ip
	}
}

// certificates are those of Google first, then those of spec.tls, as in
// ingress-gce (pkg/translator/translator.go, ToCompositeSSLCertificates). A Secret
// of spec.tls that is missing is told and left out (pkg/controller/controller.go,
// toRuntimeInfo).
func (t *translation) certificates() {
	config := &t.plan.config
	if t.ingress.Annotations[annotationPreShared] != "" {
		t.problem("Ingress %s uses %s: the embedded cloud has ManagedCertificates only", config.Name, annotationPreShared)
	}
	for _, tls := range t.ingress.Spec.TLS {
		if _, exists := t.declaredResources.secrets[t.key(tls.SecretName)]; exists {
			t.problem("Ingress %s: the embedded cloud serves no certificate of a Secret, as %q", config.Name, t.key(tls.SecretName))
			continue
		}
		t.warn("could not find the TLS certificate of secret %q, which spec.tls names", t.key(tls.SecretName))
	}
	var listed []string
	for name := range strings.SplitSeq(t.ingress.Annotations[annotationCertificates], ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		listed = append(listed, t.key(name))
		if certificate, exists := t.declaredResources.certificates[t.key(name)]; exists && len(certificate.Spec.Domains) == 0 {
			t.problem("ManagedCertificate %q names no domain", t.key(name))
		}
	}
	var note string
	if config.Certificates, note = t.proxy.certificates.attach(config.Name, listed); note != "" {
		t.warn("%s", note)
	}
	if n := len(config.Certificates); n > maxCertificates {
		t.problem("Ingress %s has %d certificates; allowed are %d", config.Name, n, maxCertificates)
	}
}

// frontendConfig reads the FrontendConfig. One that is missing is told and left
// out (ingress-gce, pkg/controller/controller.go, toRuntimeInfo).
func (t *translation) frontendConfig(name string) {
	f, exists := t.declaredResources.frontendConfigs[t.key(name)]
	if !exists {
		t.warn("could not find FrontendConfig %q, which the annotation %s names: the SSL policy stays, and nothing is redirected", t.key(name), annotationFrontendConfig)
		return
	}
	if wanted := f.Spec.SSLPolicy; wanted != nil {
		policy, exists := t.declaredResources.sslPolicies[*wanted]
		if *wanted != "" && !exists {
			t.problem("FrontendConfig %q: there is no SSL policy %q", t.key(name), *wanted)
		}
		t.plan.sslPolicy = *wanted
		t.plan.config.TLS = loadbalancer.TLSPolicy{
			Profile: policy.Profile, MinVersion: policy.MinTLSVersion, CustomFeatures: policy.CustomFeatures,
		}
	}
	if redirect := f.Spec.RedirectToHTTPS; redirect != nil && redirect.Enabled {
		code, known := redirectCodes()[redirect.ResponseCodeName]
		if !known {
			t.problem("FrontendConfig %q: response code name %q is unknown", t.key(name), redirect.ResponseCodeName)
		}
		if t.usesV1Naming() {
			t.problem("error: cannot enable HTTPS Redirects with the V1 Ingress naming scheme: Ingress %s has to be made anew", t.plan.config.Name)
		}
		t.plan.config.PlainHTTP.RedirectCode = code
	}
}

// The finalizers by which ingress-gce knows how it named the parts of an Ingress's
// load balancer (pkg/utils/common/finalizer.go).
const (
	finalizerV1 = "networking.gke.io/ingress-finalizer"
	finalizerV2 = "networking.gke.io/ingress-finalizer-V2"
)

// usesV1Naming tells whether the load balancer's parts have names of the V1 scheme,
// which does not support redirects (ingress-gce, pkg/utils/namer/utils.go,
// FrontendNamingScheme; pkg/loadbalancers/url_maps.go, ensureRedirectURLMap). An
// Ingress without a finalizer is new here, and gets the second.
func (t *translation) usesV1Naming() bool {
	return slices.Contains(t.ingress.Finalizers, finalizerV1) && !slices.Contains(t.ingress.Finalizers, finalizerV2)
}

// redirectCodes are the names that FrontendConfig knows; no name is the default.
func redirectCodes() map[string]int {
	return map[string]int{
		"":                          http.StatusMovedPermanently,
		"MOVED_PERMANENTLY_DEFAULT": http.StatusMovedPermanently,
		"FOUND":                     http.StatusFound,
		"SEE_OTHER":                 http.StatusSeeOther,
		"TEMPORARY_REDIRECT":        http.StatusTemporaryRedirect,
		"PERMANENT_REDIRECT":        http.StatusPermanentRedirect,
	}
}
