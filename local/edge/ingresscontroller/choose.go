package ingresscontroller

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
)

// choose picks the Ingress that has the edge: the oldest one of class gce. It
// says why the others are not served.
func choose(all []networkingv1.Ingress) (*networkingv1.Ingress, []string) {
	var chosen *networkingv1.Ingress
	var ignored []string
	for i := range all {
		ingress := &all[i]
		id := ingress.Namespace + "/" + ingress.Name
		switch {
		case !isGCE(*ingress):
			ignored = append(ignored, fmt.Sprintf("Ingress %s: GKE serves it only with the annotation %s: %s; spec.ingressClassName is not read",
				id, annotationClass, classGCE))
		case chosen == nil:
			chosen = ingress
		case sameAddress(ingress, chosen):
			ignored = append(ignored, fmt.Sprintf("Ingress %s: the specified IP address %q is in use by Ingress %s/%s and would result in a conflict",
				id, ingress.Annotations[annotationStaticIP], chosen.Namespace, chosen.Name))
		default:
			ignored = append(ignored, fmt.Sprintf("Ingress %s: the embedded cloud has one edge address, and Ingress %s/%s has it",
				id, chosen.Namespace, chosen.Name))
		}
	}
	return chosen, ignored
}

func sameAddress(a, b *networkingv1.Ingress) bool {
	name := a.Annotations[annotationStaticIP]
	return name != "" && name == b.Annotations[annotationStaticIP]
}
