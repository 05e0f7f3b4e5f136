package kubernetes

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func checkDeployment(object any) []provider.Failure {
	d, ok := object.(*appsv1.Deployment)
	if !ok {
		return nil
	}
	failures := checkSelector(d.Spec.Selector, d.Spec.Template)
	failures = append(failures, checkTemplate(d.Spec.Template, corev1.RestartPolicyAlways)...)
	if d.Spec.Replicas != nil && *d.Spec.Replicas < 0 {
		failures = append(failures, provider.Refuse("spec.replicas", "spec.replicas: Invalid value: %d: must be greater than or equal to 0", *d.Spec.Replicas))
	}
	if update := d.Spec.Strategy.RollingUpdate; update != nil && update.MaxSurge != nil && update.MaxUnavailable != nil &&
		update.MaxSurge.String() == "0" && update.MaxUnavailable.String() == "0" {
		failures = append(failures, provider.Refuse("spec.strategy.rollingUpdate.maxUnavailable", "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"))
	}
	return failures
}

// runDeployment lets the kubelet run the pods, and the engine wait for them.
func (w *Cluster) runDeployment(kind *provider.Kind) {
	kind.Ensure = func(ctx context.Context, r store.Resource) error { return w.ensureDeployment(ctx, r) }
	kind.Await = func(ctx context.Context, r store.Resource) error {
		if skipsAwait(r) {
			return nil
		}
		namespace, name := split(r.ID)
		return w.Kubelet.WaitDeployment(ctx, namespace, name)
	}
	kind.Remove = func(ctx context.Context, r store.Resource) error {
		namespace, name := split(r.ID)
		return w.Kubelet.DeleteDeployment(ctx, namespace, name)
	}
}

func (w *Cluster) ensureDeployment(ctx context.Context, r store.Resource) error {
	var d appsv1.Deployment
	if err := decode(declared(r), &d); err != nil {
		return fmt.Errorf("read Deployment %s: %w", r.ID, err)
	}
	replicas := w.autoscaled(d.Namespace, d.Name, d.Spec.Replicas)
	if set := d.Spec.Replicas; set != nil && *set != replicas {
		if err := w.scale(r, replicas); err != nil {
			return fmt.Errorf("scale Deployment %s: %w", r.ID, err)
		}
	}
	d.Spec.Replicas = &replicas
	return w.Kubelet.ApplyDeployment(ctx, &d)
}

// autoscaler is the field manager of the autoscaler, which writes the number of pods: an apply
// of another number is a conflict from then on
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership).
const autoscaler = "kube-controller-manager"

// scale writes the number of pods as the autoscaler does.
func (w *Cluster) scale(r store.Resource, replicas int32) error {
	live := withoutStatus(r.Outputs)
	scaled, err := apiserver.Update(live, with(live, []string{"spec", "replicas"}, int64(replicas)), autoscaler)
	if err != nil {
		return err
	}
	if status, given := r.Outputs["status"]; given {
		scaled["status"] = status
	}
	r.Outputs = scaled
	return w.Store.Put(r)
}

// autoscaled is how many pods run where so many are set: an autoscaler keeps them
// within its bounds.
func (w *Cluster) autoscaled(namespace, name string, set *int32) int32 {
	replicas := int32(1)
	if set != nil {
		replicas = *set
	}
	for _, r := range w.Store.List(TypeAutoscaler) {
		var a autoscalingv2.HorizontalPodAutoscaler
		if decode(declared(r), &a) == nil && a.Namespace == namespace &&
			a.Spec.ScaleTargetRef.Kind == "Deployment" && a.Spec.ScaleTargetRef.Name == name && a.Spec.MinReplicas != nil {
			return min(max(replicas, *a.Spec.MinReplicas), a.Spec.MaxReplicas)
		}
	}
	return replicas
}

// declared is an object as it is applied: the outputs without what is assigned
// in a form of its own.
func declared(r store.Resource) map[string]any {
	object := map[string]any{}
	for key, value := range r.Outputs {
		if key != "status" {
			object[key] = value
		}
	}
	return object
}

// skipsAwait honours the annotation by which a program does not wait.
func skipsAwait(r store.Resource) bool {
	annotations := provider.Properties(r.Inputs).Object("metadata.annotations")
	return annotations["pulumi.com/skipAwait"] == "true"
}
