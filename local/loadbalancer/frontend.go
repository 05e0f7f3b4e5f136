package loadbalancer

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/local/frontdoor"
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
	config.PlainHTTP.Allowed = t.ingress.Annotations[annotationAllowHTTP] != "false"
	if name := t.ingress.Annotations[annotationFrontendConfig]; name != "" {
		t.frontendConfig(name)
	}
	if !config.PlainHTTP.Allowed && len(config.Certificates) == 0 && len(t.problems) == 0 {
		t.bad("Ingress %s allows no HTTP and names no certificate for HTTPS: it would serve nothing", config.Name)
	}
}

func (t *translation) address() {
	name := t.ingress.Annotations[annotationStaticIP]
	if name == "" {
		return
	}
	address, exists := t.world.addresses[name]
	if !exists {
		t.bad("the given static IP name %q doesn't translate to an existing static IP: there is no such global address", name)
		return
	}
	if ip, err := netip.ParseAddr(address.Address); err == nil {
		t.plan.config.Address = ip
	}
}

func (t *translation) certificates() {
	if t.ingress.Annotations[annotationPreShared] != "" || len(t.ingress.Spec.TLS) > 0 {
		t.bad("Ingress %s uses spec.tls or %s: the embedded cloud has ManagedCertificates only", t.plan.config.Name, annotationPreShared)
	}
	text := t.ingress.Annotations[annotationCertificates]
	if text == "" {
		return
	}
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		certificate, exists := t.world.certificates[t.key(name)]
		switch {
		case !exists:
			t.bad("could not find ManagedCertificate %q, which the annotation %s lists", t.key(name), annotationCertificates)
			continue
		case len(certificate.Spec.Domains) == 0:
			t.bad("ManagedCertificate %q names no domain", t.key(name))
			continue
		}
		t.plan.config.Certificates = append(t.plan.config.Certificates,
			frontdoor.Certificate{Name: name, Domains: certificate.Spec.Domains})
	}
	if n := len(t.plan.config.Certificates); n > maxCertificates {
		t.bad("Ingress %s lists %d certificates; allowed are %d", t.plan.config.Name, n, maxCertificates)
	}
}

func (t *translation) frontendConfig(name string) {
	f, exists := t.world.frontendConfigs[t.key(name)]
	if !exists {
		t.bad("could not find FrontendConfig %q, which the annotation %s names", t.key(name), annotationFrontendConfig)
		return
	}
	if wanted := f.Spec.SSLPolicy; wanted != "" {
		policy, exists := t.world.sslPolicies[wanted]
		if !exists {
			t.bad("FrontendConfig %q: there is no SSL policy %q", t.key(name), wanted)
		}
		t.plan.config.TLS = frontdoor.TLSPolicy{
			Profile: policy.Profile, MinVersion: policy.MinTLSVersion, CustomFeatures: policy.CustomFeatures,
		}
	}
	if redirect := f.Spec.RedirectToHTTPS; redirect != nil && redirect.Enabled {
		code, known := redirectCodes()[redirect.ResponseCodeName]
		if !known {
			t.bad("FrontendConfig %q: response code name %q is unknown", t.key(name), redirect.ResponseCodeName)
		}
		t.plan.config.PlainHTTP.RedirectCode = code
	}
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
