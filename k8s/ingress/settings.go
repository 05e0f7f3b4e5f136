package ingress

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says how requests get from the load balancer to Services.
type Settings struct {
	// Name of the Ingress.
	Name string `json:"name"`
	// Adopt is true when an Ingress of this name exists, with routes of others: it
	// is taken over, its routes are those of Routes, and it outlives the stack.
	Adopt bool `json:"adopt,omitempty"`
	// RedirectHTTP opens port 80 to send its callers to HTTPS. Without it port 80
	// stays closed, and nothing is redirected.
	RedirectHTTP bool `json:"redirectHttp,omitempty"`
	// ExistingCertificates are ManagedCertificates of others in the namespace, which
	// go on being served. They are never declared here.
	ExistingCertificates []string `json:"existingCertificates,omitempty"`
	// Routes are those of others, unchanged; their Services are never declared
	// here.
	Routes []Route `json:"routes,omitempty"`
	// Staff is the staff's host behind Identity-Aware Proxy.
	Staff Staff `json:"staff,omitzero"`
}

// Route sends one host's paths to Services in the namespace.
type Route struct {
	// Subdomain of the platform's domain, empty for the domain itself.
	Subdomain string `json:"subdomain,omitempty"`
	// Paths in the order of the Ingress.
	Paths []Path `json:"paths"`
}

// Path sends a path and everything below it to a Service.
type Path struct {
	// Path starts with a slash.
	Path string `json:"path"`
	// Service and Port are the Kubernetes Service's.
	Service string `json:"service"`
	Port    int    `json:"port"`
}

// Staff is a host for the staff only.
type Staff struct {
	// Enabled declares the host.
	Enabled bool `json:"enabled,omitempty"`
	// Subdomain of the platform's domain; default "admin".
	Subdomain string `json:"subdomain,omitempty"`
	// OAuthSecret names the existing Kubernetes Secret with the OAuth client's
	// client_id and client_secret
	// (https://cloud.google.com/iap/docs/enabling-kubernetes-howto).
	OAuthSecret string `json:"oauthSecret,omitempty"`
}

// Validate lists every mistake, with keys below "kubernetes.ingress".
// ownNamespace tells whether the namespace is the stack's, and licenseSubdomain
// is the one that no route may take.
func (s Settings) Validate(ownNamespace bool, licenseSubdomain string) setting.Problems {
	var ps setting.Problems
	if !isLabel(s.Name) {
		ps.Add("name", s.Name, "is no object name", "lower-case letters, digits and hyphens")
	}
	if ownNamespace && (s.Adopt || len(s.Routes) > 0 || len(s.ExistingCertificates) > 0) {
		ps.Add("adopt", s.Adopt, "an Ingress, its Services and certificates share one namespace, and a new one has none of others",
			"no adoption, routes or existing certificates, or kubernetes.namespace.create: false")
	}
	for i, certificate := range s.ExistingCertificates {
		if !isLabel(certificate) || certificate == CertificateName {
			ps.Add("existingCertificates["+strconv.Itoa(i)+"]", certificate, "is no certificate of others", "the name of an existing ManagedCertificate")
		}
	}
	// https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs#limitations
	if len(s.ExistingCertificates) > 14 {
		ps.Add("existingCertificates", len(s.ExistingCertificates), "with the new one these are too many for one load balancer", "14 at most")
	}
	ps = append(ps, s.validateRoutes(licenseSubdomain)...)
	if s.Staff.Enabled && s.Staff.OAuthSecret == "" {
		ps.Add("staff.oauthSecret", "", "Identity-Aware Proxy needs an OAuth client",
			"the name of an existing Secret in the namespace with client_id and client_secret")
	}
	if s.Staff.Enabled && (!isLabel(s.Staff.Below()) || s.Staff.Below() == licenseSubdomain) {
		ps.Add("staff.subdomain", s.Staff.Subdomain, "is no subdomain or is taken", "lower-case letters, digits and hyphens")
	}
	return ps
}

// isLabel tells whether name is a DNS label
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
func isLabel(name string) bool {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(name)
}

func (s Settings) validateRoutes(licenseSubdomain string) (ps setting.Problems) {
	seen := map[string]bool{licenseSubdomain: true}
	if s.Staff.Enabled {
		seen[s.Staff.Below()] = true
	}
	for i, route := range s.Routes {
		key := "routes[" + strconv.Itoa(i) + "]"
		if route.Subdomain != "" && !isLabel(route.Subdomain) || seen[route.Subdomain] {
			ps.Add(key+".subdomain", route.Subdomain, "is no subdomain or is taken", "a subdomain that no other route, the licenses or the staff use, or nothing for the domain itself")
		}
		seen[route.Subdomain] = true
		if len(route.Paths) == 0 {
			ps.Add(key+".paths", "[]", "the host would lead nowhere", "one path or more")
		}
		for j, path := range route.Paths {
			key := key + ".paths[" + strconv.Itoa(j) + "]"
			if !strings.HasPrefix(path.Path, "/") || strings.Contains(path.Path, "*") {
				ps.Add(key+".path", path.Path, "is no path prefix", "/ or /NAME; what lies below belongs to it")
			}
			if !isLabel(path.Service) || path.Port < 1 || path.Port > 65535 {
				ps.Add(key+".service", path.Service+":"+strconv.Itoa(path.Port), "is no Service with a port", "the name of an existing Service, and 1 to 65535")
			}
		}
	}
	return ps
}

// Below is Subdomain or its default.
func (s Staff) Below() string {
	if s.Subdomain == "" {
		return "admin"
	}
	return s.Subdomain
}
