package ingress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Keys of the settings that the check of an adopted Ingress names in its problems.
const (
	keyRoutes         = "kubernetes.ingress.routes"
	keyCertificates   = "kubernetes.ingress.existingCertificates"
	keyFrontendConfig = "kubernetes.ingress.existingFrontendConfig"
	keyRedirect       = "kubernetes.ingress.redirectHttp"
	keyName           = "kubernetes.ingress.name"
	keyAddress        = "network.edgeAddress.name"
)

// compare lists the parts of the live Ingress that the settings do not name and that an
// update would remove, and the changes that an update would make for all hosts.
func (a CheckArgs) compare(found live) setting.Problems {
	ps := a.compareLife(found)
	ps = append(ps, a.compareRoutes(found)...)
	ps = append(ps, a.compareCertificates(found)...)
	return append(ps, a.compareFrontend(found)...)
}

func (a CheckArgs) compareRoutes(found live) (ps setting.Problems) {
	there, strange := routesOf(found)
	for _, what := range strange {
		ps.Add(keyRoutes, what, "cannot be written as a route, and would be removed", "an Ingress without it")
	}
	ps = append(ps, a.compareDomain(there)...)
	args := Args{Settings: a.Settings, Domain: a.Domain, LicenseHost: a.LicenseHost}
	own, known := args.hosts(), map[string]bool{}
	for _, route := range a.Settings.Routes {
		for _, line := range routeLines(args.host(route), route.Paths) {
			known[line] = true
		}
	}
	live := map[string]bool{}
	for _, route := range there {
		if slices.Contains(own, route.Host) {
			ps = append(ps, a.compareOwnHost(found, route)...)
			continue
		}
		for i, line := range routeLines(route.Host, route.Paths) {
			live[line] = true
			if !known[line] {
				ps.Add(keyRoutes, line, "the live Ingress has this route, and it would be dropped", "with "+a.asSetting(route.Host, route.Paths[i]))
			}
		}
	}
	if found.declared() {
		return ps // the settings may have new routes; missingParts reports removed ones
	}
	for line := range known {
		if !live[line] {
			ps.Add(keyRoutes, line, "the live Ingress has no such route, and it would be added", "the routes that are there")
		}
	}
	return ps
}

// compareDomain reports a domain that no host of the live Ingress belongs to, although
// routes of the settings are relative to it: then every route looks like a new one.
func (a CheckArgs) compareDomain(there []Route) (ps setting.Problems) {
	relative := slices.ContainsFunc(a.Settings.Routes, func(r Route) bool { return r.Host == "" })
	var hosts []string
	for _, route := range there {
		if route.Host == a.Domain || strings.HasSuffix(route.Host, "."+a.Domain) {
			return nil
		}
		hosts = append(hosts, route.Host)
	}
	if relative && len(hosts) > 0 {
		ps.Add("platform.domain", a.Domain, "no host of the live Ingress belongs to this domain, and the routes are relative to it", "the domain of "+strings.Join(hosts, ", "))
	}
	return ps
}

// routesOf returns the rules of the live Ingress as routes of the settings, and
// describes those that no route can express.
func routesOf(found live) (routes []Route, strange []string) {
	for _, rule := range found.spec.Rules {
		host := anyHost
		if rule.Host != nil && *rule.Host != "" {
			host = *rule.Host
		}
		if rule.Http == nil {
			strange = append(strange, "host "+host+" without paths")
			continue
		}
		route := Route{Host: host}
		for _, p := range rule.Http.Paths {
			path := Path{Type: p.PathType}
			if p.Path != nil {
				path.Path = *p.Path
			}
			if p.Backend.Service == nil {
				strange = append(strange, host+path.Path+" to no Service")
				continue
			}
			path.Service = p.Backend.Service.Name
			if port := p.Backend.Service.Port; port != nil {
				if port.Number != nil {
					path.Port = *port.Number
				}
				if port.Name != nil {
					path.PortName = *port.Name
				}
			}
			route.Paths = append(route.Paths, path)
		}
		routes = append(routes, route)
	}
	return routes, strange
}

// routeLines renders each path as one line, so that paths can be compared as text.
func routeLines(host string, paths []Path) []string {
	all := make([]string, len(paths))
	for i, p := range paths {
		all[i] = fmt.Sprintf("%s%s (%s) → %s:%s", host, p.Path, p.kind(), p.Service, p.port())
	}
	return all
}

func (p Path) port() string {
	if p.PortName != "" {
		return p.PortName
	}
	return strconv.Itoa(p.Port)
}

// asSetting renders the path as it is written in the settings.
func (a CheckArgs) asSetting(host string, p Path) string {
	where := "host: " + host
	if host == a.Domain {
		where = `subdomain: ""`
	} else if name, below := strings.CutSuffix(host, "."+a.Domain); below && isLabel(name) {
		where = "subdomain: " + name
	}
	kind := ""
	if p.kind() != PathPrefix {
		kind = ", type: " + p.Type
	}
	port := "port: " + p.port()
	if p.PortName != "" {
		port = "portName: " + p.PortName
	}
	return fmt.Sprintf("{%s, paths: [{path: %s%s, service: %s, %s}]}", where, p.Path, kind, p.Service, port)
}

func (a CheckArgs) compareCertificates(found live) (ps setting.Problems) {
	listed := split(found.metadata.Annotations[annotationCertificates])
	ps = a.compareCertificateCount(found)
	for _, name := range listed {
		if !isOwnCertificate(name) && !slices.Contains(a.Settings.ExistingCertificates, name) {
			ps.Add(keyCertificates, strings.Join(a.Settings.ExistingCertificates, ","), "the live Ingress lists the certificate "+name+", and it would be dropped", "with "+name)
		}
	}
	for _, name := range a.Settings.ExistingCertificates {
		if !slices.Contains(listed, name) && !found.declared() {
			ps.Add(keyCertificates, name, "the live Ingress does not list it, and while a listed certificate is missing no certificate is attached", "those that are listed: "+strings.Join(listed, ","))
		}
	}
	return ps
}

func split(list string) (names []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// compareFrontend compares class, address, FrontendConfig and port 80.
func (a CheckArgs) compareFrontend(found live) (ps setting.Problems) {
	annotations, s := found.metadata.Annotations, a.Settings
	if class := annotations[annotationClass]; class != "" && class != classGCE || class == "" && found.spec.IngressClassName != nil {
		ps.Add(keyName, s.Name, "GKE does not serve this Ingress with an external load balancer: its annotation "+annotationClass+" is "+strconv.Quote(class), "an Ingress of class "+classGCE)
	}
	if address := annotations[annotationAddress]; address != a.EdgeAddressName {
		ps.Add(keyAddress, a.EdgeAddressName, "the live Ingress has another address", strconv.Quote(address))
	}
	front := annotations[annotationFrontendConfig]
	switch {
	case s.ExistingFrontendConfig != "" && s.ExistingFrontendConfig != front:
		ps.Add(keyFrontendConfig, s.ExistingFrontendConfig, "the live Ingress has another FrontendConfig", strconv.Quote(front))
	case s.ExistingFrontendConfig == "" && front != "" && front != FrontendConfigName:
		ps.Add(keyFrontendConfig, "", "the live Ingress has the FrontendConfig "+front+", and it would be replaced with its TLS policy and its redirect", front)
	}
	open := annotations[annotationAllowHTTP] != "false"
	if open != s.RedirectHTTP && !found.declared() {
		would := "port 80 is closed for all hosts of the live Ingress, and it would be opened"
		if open {
			would = "port 80 is open for all hosts of the live Ingress, and it would be closed"
		}
		ps.Add(keyRedirect, s.RedirectHTTP, would, strconv.FormatBool(open))
	}
	if s.RedirectHTTP && usesV1Naming(found) {
		ps.Add(keyRedirect, true, "GKE cannot redirect for this Ingress, whose load balancer uses the V1 naming scheme: every later update of it would fail, for the other hosts too",
			"false, until the Ingress has been made anew by its owner")
	}
	return ps
}

// usesV1Naming tells whether ingress-gce uses its V1 naming scheme for the load
// balancer's parts. It refuses redirects then: "cannot enable HTTPS Redirects with the
// V1 Ingress naming scheme" (kubernetes/ingress-gce, pkg/loadbalancers/url_maps.go,
// ensureRedirectURLMap). The finalizer says which scheme it is
// (pkg/utils/namer/utils.go, FrontendNamingScheme).
func usesV1Naming(found live) bool {
	return slices.Contains(found.metadata.Finalizers, "networking.gke.io/ingress-finalizer") &&
		!slices.Contains(found.metadata.Finalizers, "networking.gke.io/ingress-finalizer-V2")
}

// missingParts names the platform's parts that another writer has removed from the
// Ingress: the platform declared them before, and no longer owns them.
func (a CheckArgs) missingParts(found live) string {
	s := a.Settings
	if s.GiveBack || !found.declared() {
		return ""
	}
	var missingParts []string
	if !found.ownsRules() {
		there, _ := routesOf(found)
		args := Args{Settings: s, Domain: a.Domain, LicenseHost: a.LicenseHost}
		hosts := args.hosts()
		for _, route := range s.Routes {
			hosts = append(hosts, args.host(route))
		}
		for _, host := range hosts {
			if !slices.ContainsFunc(there, func(r Route) bool { return r.Host == host }) {
				missingParts = append(missingParts, "the host "+host)
			}
		}
	}
	annotations := found.metadata.Annotations
	for _, name := range s.certificates() {
		if !found.owns(annotationCertificates) && !slices.Contains(split(annotations[annotationCertificates]), name) {
			missingParts = append(missingParts, "the certificate "+name)
		}
	}
	if s.ExistingFrontendConfig == "" && annotations[annotationFrontendConfig] == "" {
		missingParts = append(missingParts, "the FrontendConfig "+FrontendConfigName)
	}
	if open := annotations[annotationAllowHTTP] != "false"; open != s.RedirectHTTP && !found.owns(annotationAllowHTTP) {
		missingParts = append(missingParts, annotationAllowHTTP+": "+strconv.FormatBool(s.RedirectHTTP))
	}
	return strings.Join(missingParts, ", ")
}
