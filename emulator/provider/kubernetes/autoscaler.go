package kubernetes

import (
	"context"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func checkAutoscaler(object any) []provider.Failure {
	a, ok := object.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return nil
	}
	if a.Spec.MinReplicas != nil && a.Spec.MaxReplicas > 0 && *a.Spec.MinReplicas > a.Spec.MaxReplicas {
		return []provider.Failure{provider.Refuse("spec.maxReplicas", "spec.maxReplicas: Invalid value: %d: must be greater than or equal to `minReplicas`", a.Spec.MaxReplicas)}
	}
	return nil
}

// runAutoscaler brings the Deployment to the least number of pods. The machine
// has no load to scale by, so it stays there.
func (w *Cluster) runAutoscaler(kind *provider.Kind) {
	kind.Ensure = func(ctx context.Context, r store.Resource) error {
		var a autoscalingv2.HorizontalPodAutoscaler
		if err := decode(declared(r), &a); err != nil {
			return err
		}
		target, exists := w.Store.Get(TypeDeployment, a.Namespace+"/"+a.Spec.ScaleTargetRef.Name)
		if !exists {
			return nil // as in a cluster, it waits for its target
		}
		return w.ensureDeployment(ctx, target)
	}
}
