package ingress

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says how requests get from the load balancer to Services.
type Settings struct {
	// Name of the Ingress.
	Name string `json:"name"`
	// Adopt is true when an Ingress of this name exists, with routes of others. Then only
	// its rules and some annotations are declared; Routes are the rules of others. The
	// Ingress stays after a destroy.
	Adopt bool `json:"adopt,omitempty"`
	// GiveBack takes out of an adopted Ingress what is the platform's: its hosts, its
	// certificate, and the TLS policy. It comes before a destroy, which leaves the
	// Ingress as it is (docs/destroy.md).
	GiveBack bool `json:"giveBack,omitempty"`
	// RedirectHTTP opens port 80 to send its callers to HTTPS. Without it port 80
	// stays closed, and nothing is redirected.
	RedirectHTTP bool `json:"redirectHttp,omitempty"`
	// ExistingFrontendConfig names the existing FrontendConfig that an adopted Ingress
	// keeps: then its owner decides about the TLS policy and the redirect. An Ingress can
	// have one FrontendConfig.
	ExistingFrontendConfig string `json:"existingFrontendConfig,omitempty"`
	// ExistingCertificates are existing ManagedCertificates in the namespace that are
	// still served. They are never declared here.
	ExistingCertificates []string `json:"existingCertificates,omitempty"`
	// Routes are the existing routes of others, unchanged; their Services are never
	// declared here.
	Routes []Route `json:"routes,omitempty"`
	// Staff is the staff's host behind Identity-Aware Proxy.
	Staff Staff `json:"staff,omitzero"`
}

// Staff is a host for the staff only.
type Staff struct {
	// Enabled declares the host.
	Enabled bool `json:"enabled,omitempty"`
	// Subdomain of the platform's domain; default "admin".
	Subdomain string `json:"subdomain,omitempty"`
	// OAuthSecret names the existing Kubernetes Secret with the OAuth client's
	// client_id and client_secret
	// (https://cloud.google.com/iap/docs/enabling-kubernetes-howto). While it is missing, GKE
	// takes no change of the whole Ingress (docs/operations.md).
	OAuthSecret string `json:"oauthSecret,omitempty"`
}

// Validate lists every mistake, with keys below "kubernetes.ingress". ownNamespace tells
// whether the namespace is the stack's, and licenseSubdomain is reserved: no route may
// use it.
func (s Settings) Validate(ownNamespace bool, licenseSubdomain string) setting.Problems {
	var ps setting.Problems
	if !isLabel(s.Name) && !(s.Adopt && isObjectName(s.Name)) {
		ps.Add("name", s.Name, "is not a valid object name", "lower-case letters, digits and hyphens")
	}
	if ownNamespace && (s.Adopt || len(s.Routes) > 0 || len(s.ExistingCertificates) > 0) {
		ps.Add("adopt", s.Adopt, "an Ingress, its Services and certificates share one namespace, and a new namespace has no existing Ingress",
			"no adoption, routes or existing certificates, or kubernetes.namespace.create: false")
	}
	for i, certificate := range s.ExistingCertificates {
		if !isObjectName(certificate) || isOwnCertificate(certificate) {
			ps.Add("existingCertificates["+strconv.Itoa(i)+"]", certificate, "is not a valid name of an existing certificate", "the name of an existing ManagedCertificate")
		}
		if slices.Contains(s.ExistingCertificates[:i], certificate) {
			ps.Add("existingCertificates["+strconv.Itoa(i)+"]", certificate, "is listed twice", "every certificate once")
		}
	}
	if most := maxCertificates - len(s.ownCertificates()); len(s.ExistingCertificates) > most {
		ps.Add("existingCertificates", len(s.ExistingCertificates), "are with the platform's own too many for one load balancer", fmt.Sprintf("%d at most", most))
	}
	ps = append(ps, s.validateRoutes(licenseSubdomain)...)
	ps = append(ps, s.validateAdoption()...)
	if s.Staff.Enabled && s.Staff.OAuthSecret == "" {
		ps.Add("staff.oauthSecret", "", "Identity-Aware Proxy needs an OAuth client",
			"the name of an existing Secret in the namespace with client_id and client_secret")
	}
	if !isLabel(s.Staff.Below()) || s.Staff.Below() == licenseSubdomain {
		ps.Add("staff.subdomain", s.Staff.Subdomain, "is not a valid subdomain, or is taken", "lower-case letters, digits and hyphens")
	}
	if name := s.Staff.OAuthSecret; name != "" && !isObjectName(name) {
		ps.Add("staff.oauthSecret", name, "is not a valid name of a Secret", "lower-case letters, digits, hyphens and dots")
	}
	return ps
}

// validateAdoption checks the settings that only an adopted Ingress can have.
func (s Settings) validateAdoption() (ps setting.Problems) {
	if s.GiveBack && (!s.Adopt || len(s.Routes) == 0) {
		ps.Add("giveBack", true, "only an adopted Ingress with routes can be given back", "false, or adopt: true and routes")
	}
	switch {
	case s.ExistingFrontendConfig == "":
	case !s.Adopt || !isObjectName(s.ExistingFrontendConfig) || s.ExistingFrontendConfig == FrontendConfigName:
		ps.Add("existingFrontendConfig", s.ExistingFrontendConfig, "is not a valid name of an existing FrontendConfig", "the name of the one that the adopted Ingress has")
	case s.RedirectHTTP:
		ps.Add("redirectHttp", true, "the FrontendConfig "+s.ExistingFrontendConfig+" belongs to another owner and decides about the redirect", "false; its owner sets the redirect")
	}
	return ps
}

// isLabel tells whether name is a DNS label
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
func isLabel(name string) bool {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(name)
}

// isObjectName tells whether a name is valid for an object of others: the API server accepts
// labels with dots between them for an Ingress, a Secret and GKE's custom resources
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names).
func isObjectName(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }

// Below is Subdomain or its default.
func (s Staff) Below() string {
	if s.Subdomain == "" {
		return "admin"
	}
	return s.Subdomain
}

// NoEffect lists settings that are written and decide nothing, with keys below
// "kubernetes.ingress".
func (s Settings) NoEffect() (ps setting.Problems) {
	if s.Staff != (Staff{}) && !s.Staff.Enabled {
		ps.Add("staff", s.Staff, "the host is not declared", "enabled: true")
	}
	return ps
}
