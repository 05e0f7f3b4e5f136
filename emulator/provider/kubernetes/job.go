package kubernetes

import (
	"context"
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func checkJob(object any) []provider.Failure {
	j, ok := object.(*batchv1.Job)
	if !ok {
		return nil
	}
	return checkTemplate(j.Spec.Template, corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
}

// runJob runs a Job once, when it is created; a restart of the machine does not
// run it again.
func (w *Cluster) runJob(kind *provider.Kind) {
	kind.Await = func(ctx context.Context, r store.Resource) error {
		var j batchv1.Job
		if err := decode(declared(r), &j); err != nil {
			return fmt.Errorf("read Job %s: %w", r.ID, err)
		}
		return w.Kubelet.RunJob(ctx, &j)
	}
	kind.Remove = func(ctx context.Context, r store.Resource) error {
		namespace, name := split(r.ID)
		return w.Kubelet.DeleteJob(ctx, namespace, name)
	}
}

func split(id string) (namespace, name string) {
	namespace, name, _ = strings.Cut(id, "/")
	return namespace, name
}
