package ingresscontroller

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Resources is the part of the embedded cloud's store that is read.
type Resources interface {
	List(types ...string) []store.Resource
	Subscribe(notify func()) (unsubscribe func())
}

// declaredResources is everything the translation reads, decoded; Kubernetes objects by
// "namespace/name", Google resources by name.
type declaredResources struct {
	ingresses       []networkingv1.Ingress // in the order of creation
	services        map[string]corev1.Service
	secrets         map[string]corev1.Secret
	deployments     map[string]appsv1.Deployment
	backendConfigs  map[string]backendConfig
	frontendConfigs map[string]frontendConfig
	certificates    map[string]managedCertificate
	sslPolicies     map[string]sslPolicy
	addresses       map[string]globalAddress
	policies        map[string]policy
}

// policy is a Cloud Armor policy with its stand-alone rules, as declared.
type policy struct {
	properties map[string]any
	rules      []map[string]any
}

func read(from Resources) (declaredResources, error) {
	w := declaredResources{policies: map[string]policy{}}
	var failed []error
	note := func(err error) { failed = append(failed, err) }
	for _, r := range from.List(kubernetes.TypeIngress) {
		ingress, err := decode[networkingv1.Ingress](r)
		note(err)
		w.ingresses = append(w.ingresses, ingress)
	}
	w.services = objects[corev1.Service](from, kubernetes.TypeService, note)
	w.secrets = objects[corev1.Secret](from, kubernetes.TypeSecret, note)
	w.deployments = objects[appsv1.Deployment](from, kubernetes.TypeDeployment, note)
	w.backendConfigs = objects[backendConfig](from, kubernetes.TypeBackendConfig, note)
	w.frontendConfigs = objects[frontendConfig](from, kubernetes.TypeFrontendConfig, note)
	w.certificates = objects[managedCertificate](from, kubernetes.TypeManagedCertificate, note)
	w.sslPolicies = byName[sslPolicy](from, gcp.TypeSSLPolicy, note)
	w.addresses = byName[globalAddress](from, gcp.TypeGlobalAddress, note)
	for _, r := range from.List(gcp.TypeSecurityPolicy) {
		w.policies[nameOf(r)] = policy{properties: properties(r)}
	}
	for _, r := range from.List(gcp.TypeSecurityPolicyRule) {
		of, _ := properties(r)["securityPolicy"].(string)
		of = of[strings.LastIndex(of, "/")+1:] // a self link names the same policy
		if p, exists := w.policies[of]; exists {
			p.rules = append(p.rules, properties(r))
			w.policies[of] = p
		}
	}
	return w, errors.Join(slices.DeleteFunc(failed, func(err error) bool { return err == nil })...)
}

// objects decodes the Kubernetes objects of a type by the store's id.
func objects[T any](from Resources, typ string, note func(error)) map[string]T {
	found := map[string]T{}
	for _, r := range from.List(typ) {
		object, err := decode[T](r)
		note(err)
		found[r.ID] = object
	}
	return found
}

func byName[T any](from Resources, typ string, note func(error)) map[string]T {
	found := map[string]T{}
	for _, r := range from.List(typ) {
		object, err := decode[T](r)
		note(err)
		found[nameOf(r)] = object
	}
	return found
}

func decode[T any](r store.Resource) (T, error) {
	var object T
	text, err := json.Marshal(properties(r))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		return object, fmt.Errorf("%s %s cannot be read: %w", r.Type, r.ID, err)
	}
	return object, nil
}

// properties are the outputs, which hold what exists; a resource that was put
// into the world without outputs has only inputs.
func properties(r store.Resource) map[string]any {
	if len(r.Outputs) > 0 {
		return r.Outputs
	}
	return r.Inputs
}

// nameOf is a Google resource's name.
func nameOf(r store.Resource) string {
	if name, ok := properties(r)["name"].(string); ok && name != "" {
		return name
	}
	return r.ID[strings.LastIndex(r.ID, "/")+1:]
}
