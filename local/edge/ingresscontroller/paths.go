package ingresscontroller

import (
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// patterns translates an Ingress path into URL map paths as ingress-gce does
// (pkg/controller/translator): Prefix /x is /x and /x/*, Exact is the path itself,
// and ImplementationSpecific passes through, "*" included.
func patterns(p networkingv1.HTTPIngressPath) ([]string, error) {
	kind := networkingv1.PathTypeImplementationSpecific
	if p.PathType != nil {
		kind = *p.PathType
	}
	if kind == networkingv1.PathTypeImplementationSpecific {
		if p.Path == "" {
			return []string{"/*"}, nil
		}
		return []string{p.Path}, nil
	}
	if p.Path == "" || strings.Contains(p.Path, "*") {
		return nil, fmt.Errorf("path %q of type %s: it may be neither empty nor have a wildcard", p.Path, kind)
	}
	switch kind {
	case networkingv1.PathTypeExact:
		return []string{p.Path}, nil
	case networkingv1.PathTypePrefix:
		stem := strings.TrimSuffix(p.Path, "/")
		if stem == "" {
			return []string{"/*"}, nil
		}
		return []string{stem, stem + "/*"}, nil
	default:
		return nil, fmt.Errorf("path %q: type %q is unknown; allowed are Prefix, Exact, ImplementationSpecific", p.Path, kind)
	}
}
