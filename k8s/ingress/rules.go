package ingress

import (
	"cmp"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hosts are the platform's own, each with a certificate of its own.
func (a *Args) hosts() []string {
	hosts := []string{a.LicenseHost}
	if a.Settings.Staff.Enabled {
		hosts = append(hosts, a.host(Route{Subdomain: a.Settings.Staff.Below()}))
	}
	return hosts
}

// host returns the route's host: the one it names, a subdomain of the platform's
// domain, or the domain itself.
func (a *Args) host(r Route) string {
	switch {
	case r.Host != "":
		return r.Host
	case r.Subdomain != "":
		return r.Subdomain + "." + a.Domain
	}
	return a.Domain
}

// rule sends one host's paths to Services.
type rule struct {
	host  string
	paths []target
}

type target struct {
	Path
	service pulumi.StringInput
}

// rules puts the license host first, then the staff host, then the routes of others. An
// Ingress that is given back has only the latter.
func (a *Args) rules() (all []rule) {
	own := func(host string, service pulumi.StringInput) rule {
		return rule{host: host, paths: []target{{Path: Path{Path: "/", Port: a.ServicePort}, service: service}}}
	}
	if !a.Settings.GiveBack {
		all = append(all, own(a.LicenseHost, a.LicenseService))
		if a.Settings.Staff.Enabled {
			all = append(all, own(a.host(Route{Subdomain: a.Settings.Staff.Below()}), a.StaffService))
		}
	}
	for _, route := range a.Settings.Routes {
		made := rule{host: a.host(route)}
		for _, p := range route.Paths {
			made.paths = append(made.paths, target{Path: p, service: pulumi.String(p.Service)})
		}
		all = append(all, made)
	}
	return all
}

// newIngressRules are the rules for an Ingress that the stack creates. GCE turns the path
// prefix "/x" into "/x" and "/x/*".
func newIngressRules(rules []rule) networkingv1.IngressRuleArray {
	all := make(networkingv1.IngressRuleArray, len(rules))
	for i, r := range rules {
		paths := make(networkingv1.HTTPIngressPathArray, len(r.paths))
		for j, p := range r.paths {
			port := networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(p.Port)}
			if p.PortName != "" {
				port = networkingv1.ServiceBackendPortArgs{Name: pulumi.String(p.PortName)}
			}
			paths[j] = networkingv1.HTTPIngressPathArgs{
				Path: pulumi.String(p.Path.Path), PathType: pulumi.String(p.kind()),
				Backend: networkingv1.IngressBackendArgs{Service: networkingv1.IngressServiceBackendArgs{Name: p.service, Port: port}},
			}
		}
		all[i] = networkingv1.IngressRuleArgs{Host: r.name(), Http: networkingv1.HTTPIngressRuleValueArgs{Paths: paths}}
	}
	return all
}

// patchRules are the same rules for the patch of an adopted Ingress.
func patchRules(rules []rule) networkingv1.IngressRulePatchArray {
	all := make(networkingv1.IngressRulePatchArray, len(rules))
	for i, r := range rules {
		paths := make(networkingv1.HTTPIngressPathPatchArray, len(r.paths))
		for j, p := range r.paths {
			port := networkingv1.ServiceBackendPortPatchArgs{Number: pulumi.Int(p.Port)}
			if p.PortName != "" {
				port = networkingv1.ServiceBackendPortPatchArgs{Name: pulumi.String(p.PortName)}
			}
			paths[j] = networkingv1.HTTPIngressPathPatchArgs{
				Path: pulumi.String(p.Path.Path), PathType: pulumi.String(p.kind()),
				Backend: networkingv1.IngressBackendPatchArgs{Service: networkingv1.IngressServiceBackendPatchArgs{Name: p.service, Port: port}},
			}
		}
		all[i] = networkingv1.IngressRulePatchArgs{Host: r.name(), Http: networkingv1.HTTPIngressRuleValuePatchArgs{Paths: paths}}
	}
	return all
}

// name is the rule's host, or nil for the rule that matches every other host.
func (r rule) name() pulumi.StringPtrInput {
	if r.host == anyHost {
		return nil
	}
	return pulumi.StringPtr(r.host)
}

// kind is the path's type or its default.
func (p Path) kind() string { return cmp.Or(p.Type, PathPrefix) }
