package stack_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s/customresource"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// builtIn are Kubernetes' own kinds that the stacks declare.
func builtIn() map[string]func() any {
	return map[string]func() any{
		"v1 Namespace":                           func() any { return &corev1.Namespace{} },
		"v1 ServiceAccount":                      func() any { return &corev1.ServiceAccount{} },
		"v1 Service":                             func() any { return &corev1.Service{} },
		"apps/v1 Deployment":                     func() any { return &appsv1.Deployment{} },
		"batch/v1 Job":                           func() any { return &batchv1.Job{} },
		"policy/v1 PodDisruptionBudget":          func() any { return &policyv1.PodDisruptionBudget{} },
		"networking.k8s.io/v1 NetworkPolicy":     func() any { return &networkingv1.NetworkPolicy{} },
		"networking.k8s.io/v1 Ingress":           func() any { return &networkingv1.Ingress{} },
		"autoscaling/v2 HorizontalPodAutoscaler": func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	}
}

func TestEveryObjectHasOnlyFieldsThatItsKindHas(t *testing.T) {
	t.Parallel()
	schemas, err := customresource.NewSchemas()
	require.NoError(t, err)
	everything := []plan.Change{
		plan.Set("kubernetes.ingress.staff", map[string]any{"enabled": true, "oauthSecret": "iap"}),
		plan.Set("kubernetes.ingress.redirectHttp", true),
	}
	for _, name := range stacktest.Stacks(t) {
		for _, changes := range [][]plan.Change{nil, everything} {
			for _, object := range stacktest.Deploy(t, name, changes...).Objects() {
				kind := object["apiVersion"].(string) + " " + object["kind"].(string)
				if make, known := builtIn()[kind]; known {
					encoded, err := yaml.Marshal(object)
					require.NoError(t, err)
					assert.NoError(t, yaml.UnmarshalStrict(encoded, make()), kind)
					continue
				}
				err := schemas.Validate(object)
				assert.NoError(t, err, kind)
				assert.False(t, errors.Is(err, customresource.ErrUnknownKind), kind)
			}
		}
	}
}

func TestEveryObjectIsNamedOnPurposeAndInTheNamespace(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		namespace := made.Outputs().Text("namespace")
		seen := map[string]bool{}
		for _, r := range made.Resources {
			if !r.Kubernetes() {
				continue
			}
			assert.NotEmpty(t, r.Text("metadata.name"), "%s %s", r.Type, r.Name)
			assert.Empty(t, r.Text("metadata.generateName"))
			if r.Type != "kubernetes:core/v1:Namespace" {
				assert.Equal(t, namespace, r.Text("metadata.namespace"), "%s %s", r.Type, r.Name)
			}
			id := r.Text("kind") + " " + r.Text("metadata.name")
			assert.False(t, seen[id], "%s is declared twice", id)
			seen[id] = true
		}
		assert.NotEmpty(t, seen)
	})
}

// TestEveryWorkloadIsToldFromThoseOfOthersByItsLabel: in a shared namespace the evidence of an incident
// is what has it.
func TestEveryWorkloadIsToldFromThoseOfOthersByItsLabel(t *testing.T) {
	t.Parallel()
	const label = "app.kubernetes.io/part-of"
	for _, name := range stacktest.Stacks(t) {
		found := 0
		for _, object := range stacktest.Deploy(t, name).Objects() {
			kind := object["kind"].(string)
			if kind != "Deployment" && kind != "Job" && kind != "Service" && kind != "ServiceAccount" {
				continue
			}
			found++
			made := unstructured.Unstructured{Object: object}
			assert.Equal(t, "license-platform", made.GetLabels()[label], "%s: %s %s", name, kind, made.GetName())
			if kind == "Deployment" || kind == "Job" {
				pods, _, err := unstructured.NestedString(object, "spec", "template", "metadata", "labels", label)
				require.NoError(t, err)
				assert.Equal(t, "license-platform", pods, "%s: the pods of %s %s", name, kind, made.GetName())
			}
		}
		assert.GreaterOrEqual(t, found, 5, name)
	}
}
