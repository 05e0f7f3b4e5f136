package ingress

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Route sends one host's paths to Services in the namespace.
type Route struct {
	// Subdomain of the platform's domain, empty for the domain itself.
	Subdomain string `json:"subdomain,omitempty"`
	// Host is the whole name of a host that does not lie below the platform's domain,
	// such as "ide.example.com", "*.example.com", or "*" for every other one. It takes
	// the place of Subdomain.
	Host string `json:"host,omitempty"`
	// Paths in the order of the Ingress.
	Paths []Path `json:"paths"`
}

// Path sends a path to a Service.
type Path struct {
	// Path starts with a slash.
	Path string `json:"path"`
	// Type is how the path matches: "Prefix", the default, takes it and everything
	// below it; "Exact" takes it alone; "ImplementationSpecific" is GCE's own way, in
	// which a path may end in "/*"
	// (https://cloud.google.com/kubernetes-engine/docs/concepts/ingress-xlb#url_map).
	Type string `json:"type,omitempty"`
	// Service and Port are the Kubernetes Service's. PortName takes the place of Port
	// where the Ingress names the port.
	Service  string `json:"service"`
	Port     int    `json:"port,omitempty"`
	PortName string `json:"portName,omitempty"`
}

// The values of Path.Type.
const (
	PathPrefix                 = "Prefix"
	PathExact                  = "Exact"
	PathImplementationSpecific = "ImplementationSpecific"
)

// anyHost stands for a rule without a host.
const anyHost = "*"

// isHost tells whether name can be the host of a rule
// (https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards).
func isHost(name string) bool {
	return name == anyHost || regexp.MustCompile(`^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(name)
}

func (s Settings) validateRoutes(licenseSubdomain string) (ps setting.Problems) {
	seen := map[string]bool{licenseSubdomain: true}
	if s.Staff.Enabled {
		seen[s.Staff.Below()] = true
	}
	for i, route := range s.Routes {
		key := "routes[" + strconv.Itoa(i) + "]"
		switch {
		case route.Host != "":
			if !isHost(route.Host) || route.Subdomain != "" || seen[route.Host] {
				ps.Add(key+".host", route.Host, "is not a valid host, or is taken", "a name with dots that no other route has, without a subdomain")
			}
			seen[route.Host] = true
		case route.Subdomain != "" && !isLabel(route.Subdomain) || seen[route.Subdomain]:
			ps.Add(key+".subdomain", route.Subdomain, "is not a valid subdomain, or is taken", "a subdomain that no other route, the licenses or the staff use, or nothing for the domain itself")
		default:
			seen[route.Subdomain] = true
		}
		if len(route.Paths) == 0 {
			ps.Add(key+".paths", "[]", "the host would have no backend", "one path or more")
		}
		for j, path := range route.Paths {
			ps = append(ps, path.validate().Within(key+".paths["+strconv.Itoa(j)+"]")...)
		}
	}
	return ps
}

func (p Path) validate() (ps setting.Problems) {
	setting.OneOf(&ps, "type", p.kind(), PathPrefix, PathExact, PathImplementationSpecific)
	plain := p.Path
	if p.kind() == PathImplementationSpecific && strings.HasSuffix(p.Path, "/*") {
		plain = strings.TrimSuffix(p.Path, "*")
	}
	// https://cloud.google.com/load-balancing/docs/url-map-concepts#pm-constraints
	if !regexp.MustCompile(`^/[^\s?#*\pC]*$`).MatchString(plain) || strings.Contains(plain, "//") || len(p.Path) > 1024 {
		ps.Add("path", p.Path, "is not a valid path", "/ or /NAME, without ?, # and spaces; with type ImplementationSpecific it may end in /*")
	} else if p.kind() != PathImplementationSpecific && regexp.MustCompile(`/\.{1,2}(/|$)|%2[fF]`).MatchString(p.Path) {
		// https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressSpec
		ps.Add("path", p.Path, "has a part that Kubernetes does not accept in a path of this type", "a path without /./, /../ and %2f, or type ImplementationSpecific")
	}
	if !isLabel(p.Service) {
		ps.Add("service", p.Service, "is not a valid Service", "the name of an existing one")
	}
	switch {
	case p.Port != 0 && p.PortName != "":
		ps.Add("portName", p.PortName, "is set together with port = "+strconv.Itoa(p.Port), "one of the two")
	case p.PortName != "" && !isPortName(p.PortName):
		ps.Add("portName", p.PortName, "is not a valid name of a port", "1 to 15 lower-case letters, digits and hyphens, one letter at least")
	case p.PortName == "" && (p.Port < 1 || p.Port > 65535):
		ps.Add("port", p.Port, "is not a valid port", "1 to 65535, or portName")
	}
	return ps
}

// isPortName tells whether name is a service name of RFC 6335, as Kubernetes wants it
// (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressBackend).
func isPortName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$`).MatchString(name) && strings.ContainsAny(name, "abcdefghijklmnopqrstuvwxyz") && !strings.Contains(name, "--")
}
