package ingress

import (
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hosts are those that the platform's own certificate covers.
func (a *Args) hosts() []string {
	hosts := []string{a.LicenseHost}
	if a.Settings.Staff.Enabled {
		hosts = append(hosts, a.host(a.Settings.Staff.Below()))
	}
	return hosts
}

// host is a subdomain of the platform's domain, or the domain itself.
func (a *Args) host(subdomain string) string {
	if subdomain == "" {
		return a.Domain
	}
	return subdomain + "." + a.Domain
}

// rules puts the license host first; then the staff's, then those of others.
func (a *Args) rules() networkingv1.IngressRuleArray {
	rules := networkingv1.IngressRuleArray{
		rule(a.LicenseHost, path("/", a.LicenseService, a.ServicePort)),
	}
	if a.Settings.Staff.Enabled {
		rules = append(rules, rule(a.host(a.Settings.Staff.Below()), path("/", a.StaffService, a.ServicePort)))
	}
	for _, route := range a.Settings.Routes {
		paths := make([]networkingv1.HTTPIngressPathInput, len(route.Paths))
		for i, p := range route.Paths {
			paths[i] = path(p.Path, pulumi.String(p.Service), p.Port)
		}
		rules = append(rules, rule(a.host(route.Subdomain), paths...))
	}
	return rules
}

func rule(host string, paths ...networkingv1.HTTPIngressPathInput) networkingv1.IngressRuleInput {
	return networkingv1.IngressRuleArgs{
		Host: pulumi.String(host),
		Http: networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray(paths)},
	}
}

// path takes path and everything below it: GCE makes "/x" and "/x/*" of it.
func path(path string, service pulumi.StringInput, port int) networkingv1.HTTPIngressPathInput {
	return networkingv1.HTTPIngressPathArgs{
		Path:     pulumi.String(path),
		PathType: pulumi.String("Prefix"),
		Backend: networkingv1.IngressBackendArgs{Service: networkingv1.IngressServiceBackendArgs{
			Name: service, Port: networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(port)},
		}},
	}
}
