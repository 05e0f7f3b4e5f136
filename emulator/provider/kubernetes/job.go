package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// replaceUnready is the annotation with which Pulumi's provider replaces a Job that has not
// completed, at the next update
// (https://github.com/pulumi/pulumi-kubernetes/blob/v4.32.0/provider/pkg/provider/provider.go, Diff).
const replaceUnready = "pulumi.com/replaceUnready"

func checkJob(object any) []provider.Failure {
	j, ok := object.(*batchv1.Job)
	if !ok {
		return nil
	}
	return checkTemplate(j.Spec.Template, corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
}

// ended remembers how Jobs ended, by their ids.
type ended struct {
	mu   sync.Mutex
	jobs map[string]error
}

func (e *ended) of(id string) (problem error, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	problem, known = e.jobs[id]
	return problem, known
}

func (e *ended) remember(id string, problem error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.jobs == nil {
		e.jobs = map[string]error{}
	}
	e.jobs[id] = problem
}

func (e *ended) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.jobs, id)
}

// runJob runs a Job once, when it is created; neither a change of its metadata nor a restart of
// the machine runs it again. One that has failed has failed for good, which every update is
// told that waits for it
// (https://github.com/pulumi/pulumi-kubernetes/blob/v4.32.0/provider/pkg/await/job.go).
func (w *Cluster) runJob(kind *provider.Kind) {
	kind.Await = func(ctx context.Context, r store.Resource) error {
		if problem, known := w.ended.of(r.ID); known {
			return problem
		}
		var j batchv1.Job
		if err := decode(declared(r), &j); err != nil {
			return fmt.Errorf("read Job %s: %w", r.ID, err)
		}
		err := w.Kubelet.RunJob(ctx, &j)
		w.ended.remember(r.ID, err)
		return err
	}
	kind.Unready = func(id string, inputs provider.Properties) []string {
		problem, _ := w.ended.of(id)
		if annotations := inputs.Object("metadata.annotations"); problem == nil || annotations[replaceUnready] != "true" {
			return nil
		}
		return []string{"metadata.annotations"}
	}
	kind.Remove = func(ctx context.Context, r store.Resource) error {
		namespace, name := split(r.ID)
		if err := w.Kubelet.DeleteJob(ctx, namespace, name); err != nil {
			return err
		}
		w.ended.forget(r.ID)
		return nil
	}
}

func split(id string) (namespace, name string) {
	namespace, name, _ = strings.Cut(id, "/")
	return namespace, name
}
