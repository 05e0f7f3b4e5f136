package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

var errEnded = errors.New("the pod was ended from outside the Job")

// job is a Job that runs or has ended.
type job struct {
	pod  *pod // while one runs
	last *Pod // how the last one ended
}

// RunJob runs a Job's pod until it succeeds, at most backoffLimit+1 times (6 by
// default), each time as a new pod, whatever its restartPolicy. The error of a
// failed Job carries the last log lines. When ctx or activeDeadlineSeconds end
// first, the pod is stopped. A Job of this name that was not deleted is an error.
func (k *Kubelet) RunJob(ctx context.Context, j *batchv1.Job) error {
	spec := *j.Spec.DeepCopy()
	if err := k.checkJob(spec); err != nil {
		return fmt.Errorf("job %s/%s: %w", j.Namespace, j.Name, err)
	}
	record := &job{}
	k.mu.Lock()
	if _, exists := k.jobs[key(j.Namespace, j.Name)]; exists {
		k.mu.Unlock()
		return fmt.Errorf("job %s/%s already exists", j.Namespace, j.Name)
	}
	k.jobs[key(j.Namespace, j.Name)] = record
	k.mu.Unlock()
	if spec.ActiveDeadlineSeconds != nil {
		limit := time.Duration(*spec.ActiveDeadlineSeconds) * time.Second
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("activeDeadlineSeconds (%s) have passed", limit))
		defer cancel()
	}
	attempts := 6 + 1
	if spec.BackoffLimit != nil {
		attempts = int(*spec.BackoffLimit) + 1
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		said, succeeded, err := k.attempt(ctx, j, spec.Template, record)
		switch {
		case err != nil:
			return fmt.Errorf("job %s/%s: %w: %s", j.Namespace, j.Name, err, said)
		case succeeded:
			return nil
		case attempt == attempts:
			return fmt.Errorf("job %s/%s failed %d times, its last words: %s", j.Namespace, j.Name, attempt, said)
		}
		if !sleep(ctx, backoff) {
			return fmt.Errorf("job %s/%s: %w: %s", j.Namespace, j.Name, context.Cause(ctx), said)
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (k *Kubelet) checkJob(spec batchv1.JobSpec) error {
	if err := check(spec.Template.Spec); err != nil {
		return err
	}
	if _, err := k.images.parse(spec.Template.Spec.Containers[0].Image); err != nil {
		return err
	}
	if policy := spec.Template.Spec.RestartPolicy; policy != corev1.RestartPolicyNever && policy != corev1.RestartPolicyOnFailure {
		return fmt.Errorf("restartPolicy %q: allowed are Never and OnFailure", policy)
	}
	for _, number := range []*int32{spec.Completions, spec.Parallelism} {
		if number != nil && *number != 1 {
			return errors.New("completions and parallelism are 1 on this machine")
		}
	}
	return nil
}

// attempt runs one pod to its end.
func (k *Kubelet) attempt(ctx context.Context, j *batchv1.Job, template corev1.PodTemplateSpec, record *job) (said string, succeeded bool, err error) {
	k.mu.Lock()
	p, err := k.startPod("Job/"+j.Name, podKey{j.Namespace, j.Name + "-" + suffix()}, template, "", false)
	if err != nil {
		k.mu.Unlock()
		return "", false, err
	}
	record.pod, record.last = p, nil
	k.mu.Unlock()
	select {
	case <-p.gone:
	case <-ctx.Done():
		err = context.Cause(ctx)
		k.mu.Lock()
		p.end(fast)
		k.mu.Unlock()
		<-p.gone
	}
	k.change(func() {
		ended := p.status()
		ended.IP = netip.Addr{}
		record.pod, record.last = nil, &ended
		said, succeeded = p.tail(), p.phase == Succeeded
		if err == nil && p.terminating {
			err = errEnded
		}
	})
	return said, succeeded, err
}

// DeleteJob stops a Job's pod and forgets the Job; a Job that does not exist is not an
// error.
func (k *Kubelet) DeleteJob(ctx context.Context, namespace, name string) error {
	k.mu.Lock()
	record, ok := k.jobs[key(namespace, name)]
	if !ok {
		k.mu.Unlock()
		return nil
	}
	running := record.pod
	if running != nil {
		running.end(graceful)
	}
	k.mu.Unlock()
	if running != nil {
		select {
		case <-running.gone:
		case <-ctx.Done():
			return fmt.Errorf("delete job %s/%s: its pod is still ending: %w", namespace, name, context.Cause(ctx))
		}
	}
	k.change(func() { delete(k.jobs, key(namespace, name)) })
	return nil
}
