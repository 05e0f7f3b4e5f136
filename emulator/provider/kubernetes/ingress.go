package kubernetes

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// invalidPath matches path parts that the API server accepts only with the type
// ImplementationSpecific.
var invalidPath = regexp.MustCompile(`//|/\.{1,2}(/|$)|%2[fF]`)

func checkIngress(object any) []provider.Failure {
	ingress, ok := object.(*networkingv1.Ingress)
	if !ok {
		return nil
	}
	var failures []provider.Failure
	for _, annotation := range []string{"cloud.google.com/backend-config", "beta.cloud.google.com/backend-config", "ingress.gcp.kubernetes.io/backend-config"} {
		if _, set := ingress.Annotations[annotation]; set {
			failures = append(failures, provider.Refuse("metadata.annotations", "the annotation %s on an Ingress is ignored by GKE: a BackendConfig is attached to a Service, by cloud.google.com/backend-config there", annotation))
		}
	}
	if ingress.Spec.IngressClassName != nil && ingress.Annotations["kubernetes.io/ingress.class"] == "" {
		failures = append(failures, provider.Refuse("spec.ingressClassName", "GKE ignores an Ingress with ingressClassName alone: set the annotation kubernetes.io/ingress.class: gce"))
	}
	if len(ingress.Spec.Rules) == 0 && ingress.Spec.DefaultBackend == nil {
		failures = append(failures, provider.Refuse("spec", "spec: Invalid value: either `defaultBackend` or `rules` must be specified"))
	}
	for i, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for j, path := range rule.HTTP.Paths {
			at := fmt.Sprintf("spec.rules[%d].http.paths[%d]", i, j)
			types := []networkingv1.PathType{networkingv1.PathTypeExact, networkingv1.PathTypePrefix, networkingv1.PathTypeImplementationSpecific}
			if path.PathType == nil || !slices.Contains(types, *path.PathType) {
				failures = append(failures, provider.Refuse(at+".pathType", "%s.pathType: Required value: pathType must be one of %v", at, types))
			}
			if path.Path != "" && !strings.HasPrefix(path.Path, "/") {
				failures = append(failures, provider.Refuse(at+".path", "%s.path: Invalid value: %q: must be an absolute path", at, path.Path))
			}
			exact := path.PathType != nil && *path.PathType != networkingv1.PathTypeImplementationSpecific
			if part := invalidPath.FindString(path.Path); exact && part != "" {
				failures = append(failures, provider.Refuse(at+".path", "%s.path: Invalid value: %q: must not contain %q", at, path.Path, part))
			}
			if path.Backend.Service == nil && path.Backend.Resource == nil {
				failures = append(failures, provider.Refuse(at+".backend", "%s.backend: Required value: port name or number is required", at))
			}
		}
	}
	return failures
}

// serveIngress waits until the load balancer serves the Ingress and reports the
// address it got.
func (w *Cluster) serveIngress(kind *provider.Kind) {
	compute := kind.Compute
	kind.Compute = func(ctx context.Context, d *provider.Draft) error {
		d.Outputs["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": w.Edge.String()}}}}
		if class, given := ingressClass(d.Inputs); given && class != "gce" {
			delete(d.Outputs, "status") // another controller's, of which there is none
		}
		return compute(ctx, d)
	}
	kind.Await = func(ctx context.Context, r store.Resource) error {
		if skipsAwait(r) {
			return nil
		}
		if err := w.addressInUse(r); err != nil || w.AwaitIngress == nil {
			return err
		}
		return w.AwaitIngress(ctx)
	}
}

// addressInUse refuses two Ingresses of the program at one address: Compute Engine does, and the
// controller tries again until the other one is gone
// (https://github.com/kubernetes-retired/contrib/pull/563).
func (w *Cluster) addressInUse(r store.Resource) error {
	address := addressName(r)
	for _, other := range w.Store.List(TypeIngress) {
		if address != "" && other.ID != r.ID && addressName(other) == address && strings.Contains(other.URN, TypeIngress+"::") {
			return fmt.Errorf("the Ingress %s was not given an address: googleapi: Error 400: Invalid value for field 'resource.IPAddress': '%s'. "+
				"Specified IP address is in-use and would result in a conflict., invalid", r.ID, w.Edge)
		}
	}
	return nil
}

func addressName(r store.Resource) string {
	name, _ := provider.Properties(r.Outputs).Object("metadata.annotations")["kubernetes.io/ingress.global-static-ip-name"].(string)
	return name
}

func ingressClass(p provider.Properties) (class string, given bool) {
	annotations := p.Object("metadata.annotations")
	class, given = annotations["kubernetes.io/ingress.class"].(string)
	return class, given
}
