package ingresscontroller

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Annotations that GKE reads, and where
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration).
const (
	annotationClass          = "kubernetes.io/ingress.class"                 // Ingress
	annotationStaticIP       = "kubernetes.io/ingress.global-static-ip-name" // Ingress
	annotationAllowHTTP      = "kubernetes.io/ingress.allow-http"            // Ingress
	annotationFrontendConfig = "networking.gke.io/v1beta1.FrontendConfig"    // Ingress
	annotationCertificates   = "networking.gke.io/managed-certificates"      // Ingress
	annotationPreShared      = "ingress.gcp.kubernetes.io/pre-shared-cert"   // Ingress
	annotationBackendConfig  = "cloud.google.com/backend-config"             // Service
	annotationBackendBeta    = "beta.cloud.google.com/backend-config"        // Service
	annotationNEG            = "cloud.google.com/neg"                        // Service
	annotationAppProtocols   = "cloud.google.com/app-protocols"              // Service
	classGCE                 = "gce"
)

// isGCE says whether GKE's controller serves an Ingress with an external load
// balancer: by the annotation only. GKE has no IngressClass objects, so an
// Ingress that has only spec.ingressClassName is ignored; one that says nothing at
// all is served
// (https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#deprecated_annotation).
func isGCE(ingress networkingv1.Ingress) bool {
	class, annotated := ingress.Annotations[annotationClass]
	if !annotated || class == "" {
		return ingress.Spec.IngressClassName == nil
	}
	return class == classGCE
}

// hasNEG says whether the Service's pods are endpoints themselves (container-native
// load balancing).
func hasNEG(s corev1.Service) (bool, error) {
	text := s.Annotations[annotationNEG]
	if text == "" {
		return false, nil
	}
	var neg struct {
		Ingress bool `json:"ingress"`
	}
	if err := json.Unmarshal([]byte(text), &neg); err != nil {
		return false, fmt.Errorf("%q is not JSON like {\"ingress\": true}: %w", text, err)
	}
	return neg.Ingress, nil
}

// backendConfigName is the BackendConfig that a Service's annotation names for a
// port, by the port's name or number, else the default; empty when there is none.
func backendConfigName(s corev1.Service, port corev1.ServicePort) (string, error) {
	text := s.Annotations[annotationBackendConfig]
	if text == "" {
		text = s.Annotations[annotationBackendBeta]
	}
	if text == "" {
		return "", nil
	}
	var names struct {
		Default string            `json:"default"`
		Ports   map[string]string `json:"ports"`
	}
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return "", fmt.Errorf("%q is not JSON like {\"default\": \"name\"}: %w", text, err)
	}
	if names.Default == "" && len(names.Ports) == 0 {
		return "", errors.New("it names no BackendConfig; want {\"default\": \"name\"} or {\"ports\": {\"port\": \"name\"}}")
	}
	for _, key := range []string{port.Name, strconv.Itoa(int(port.Port))} {
		if name := names.Ports[key]; key != "" && name != "" {
			return name, nil
		}
	}
	return names.Default, nil
}
