package kubernetes

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// Type tokens of the objects that something else here refers to.
const (
	TypeNamespace  = "kubernetes:core/v1:Namespace"
	TypeService    = "kubernetes:core/v1:Service"
	TypeSecret     = "kubernetes:core/v1:Secret"
	TypeConfigMap  = "kubernetes:core/v1:ConfigMap"
	TypeDeployment = "kubernetes:apps/v1:Deployment"
	TypeJob        = "kubernetes:batch/v1:Job"
	TypeAutoscaler = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	TypeIngress    = "kubernetes:networking.k8s.io/v1:Ingress"
	// TypeIngressPatch declares some fields of an Ingress of somebody else's.
	TypeIngressPatch = "kubernetes:networking.k8s.io/v1:IngressPatch"

	TypeServiceAccount     = "kubernetes:core/v1:ServiceAccount"
	TypeDisruptionBudget   = "kubernetes:policy/v1:PodDisruptionBudget"
	TypeBackendConfig      = "kubernetes:cloud.google.com/v1:BackendConfig"
	TypeFrontendConfig     = "kubernetes:networking.gke.io/v1beta1:FrontendConfig"
	TypeManagedCertificate = "kubernetes:networking.gke.io/v1:ManagedCertificate"
	TypePodMonitoring      = "kubernetes:monitoring.googleapis.com/v1:PodMonitoring"
	TypeNetworkPolicy      = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
)

// objectType is one type of Kubernetes object.
type objectType struct {
	token string
	// empty makes the Go type that the object is decoded into; nil for a custom
	// resource, which has a schema.
	empty func() any
	// patches is the type of the object that a patch changes, empty for an object.
	patches string
	// cluster says that the object has no namespace.
	cluster bool
	// priced says that ops/cost prices it, own what provider.Kind has of that name.
	priced, own bool
	// immutable are the fields that the API server does not let change.
	immutable []string
	// check checks what decoding cannot.
	check func(object any) []provider.Failure
}

func builtIn() []objectType {
	return []objectType{
		{token: TypeNamespace, empty: func() any { return &corev1.Namespace{} }, cluster: true},
		{token: TypeServiceAccount, own: true, empty: func() any { return &corev1.ServiceAccount{} }},
		{token: TypeConfigMap, empty: func() any { return &corev1.ConfigMap{} }, immutable: []string{"data", "binaryData"}},
		{token: TypeSecret, empty: func() any { return &corev1.Secret{} }, immutable: []string{"type", "data", "stringData"}},
		{token: TypeService, own: true, empty: func() any { return &corev1.Service{} }, immutable: []string{"spec.clusterIP"}, check: checkService},
		{token: "kubernetes:core/v1:ResourceQuota", empty: func() any { return &corev1.ResourceQuota{} }, immutable: []string{"spec.scopes"}},
		{token: "kubernetes:core/v1:LimitRange", empty: func() any { return &corev1.LimitRange{} }},
		{token: TypeDeployment, own: true, empty: func() any { return &appsv1.Deployment{} }, immutable: []string{"spec.selector"}, check: checkDeployment},
		{token: TypeJob, own: true, empty: func() any { return &batchv1.Job{} }, immutable: []string{"spec.template", "spec.selector", "spec.completions", "spec.parallelism"}, check: checkJob},
		{token: TypeAutoscaler, own: true, empty: func() any { return &autoscalingv2.HorizontalPodAutoscaler{} }, check: checkAutoscaler},
		{token: TypeIngress, priced: true, empty: func() any { return &networkingv1.Ingress{} }, check: checkIngress},
		{token: TypeIngressPatch, patches: TypeIngress, empty: func() any { return &networkingv1.Ingress{} }, check: checkIngress},
		{token: TypeNetworkPolicy, empty: func() any { return &networkingv1.NetworkPolicy{} }, check: checkNetworkPolicy},
		{token: TypeDisruptionBudget, own: true, empty: func() any { return &policyv1.PodDisruptionBudget{} }, check: checkDisruptionBudget},
		{token: "kubernetes:rbac.authorization.k8s.io/v1:Role", empty: func() any { return &rbacv1.Role{} }},
		{token: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", empty: func() any { return &rbacv1.RoleBinding{} }, immutable: []string{"roleRef"}},
	}
}

func customResources() []objectType {
	return []objectType{
		{token: TypeBackendConfig, own: true},
		{token: TypeFrontendConfig},
		{token: TypeManagedCertificate, own: true},
		{token: TypePodMonitoring, priced: true, own: true},
	}
}

// identity is the object's apiVersion and kind, as the token has them.
func (t objectType) identity() (version, kind string) {
	parts := strings.Split(t.stored(), ":") // kubernetes:GROUP/VERSION:KIND
	return strings.TrimPrefix(parts[1], "core/"), parts[2]
}

func (t objectType) objectKind() string {
	_, kind := t.identity()
	return kind
}
