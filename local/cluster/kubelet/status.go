package kubelet

import (
	"context"
	"fmt"
	"time"
)

// Status is the state of a Deployment.
type Status struct {
	// Desired, Updated, Ready count pods: declared, of the newest template, and
	// those of the newest template that are ready.
	Desired, Updated, Ready int
	// Total counts old and new pods, Terminating those that are ending, which
	// are in no other number.
	Total, Terminating int
	// Message says what keeps it from being complete, empty when it is.
	Message string
}

// Complete says that the rollout is over: every pod is of the newest template
// and ready, and no other takes requests. Old pods may still be ending.
func (s Status) Complete() bool {
	return s.Updated == s.Desired && s.Ready == s.Desired && s.Total == s.Desired
}

// DeploymentStatus returns the state of a Deployment, false when it does not exist.
func (k *Kubelet) DeploymentStatus(namespace, name string) (Status, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.deployments[key(namespace, name)]
	if !ok {
		return Status{}, false
	}
	return k.statusOf(d), true
}

// statusOf is called with the lock held.
func (k *Kubelet) statusOf(d *deployment) Status {
	current, old, terminating := d.split(k.podsOf(d.namespace, d.owner()))
	s := Status{
		Desired: d.replicas, Updated: len(current), Ready: countReady(current), Total: len(current) + len(old), Terminating: terminating,
	}
	switch {
	case d.problem != "":
		s.Message = d.problem
	case s.Complete():
	default:
		s.Message = fmt.Sprintf("%d of %d pods are updated and %d of them ready; %d old pods are left", s.Updated, s.Desired, s.Ready, len(old))
		for _, p := range current {
			if !p.ready {
				s.Message += fmt.Sprintf("; pod %s is %s: %s", p.key.name, p.phase, p.message)
			}
		}
	}
	return s
}

// WaitDeployment returns when the rollout is complete. When progressDeadlineSeconds
// (600 by default) pass, a pod fails repeatedly, or ctx ends, the error carries
// the last log lines of the pod that fails.
func (k *Kubelet) WaitDeployment(ctx context.Context, namespace, name string) error {
	var deadline <-chan time.Time
	for {
		k.mu.Lock()
		d, ok := k.deployments[key(namespace, name)]
		if !ok {
			k.mu.Unlock()
			return fmt.Errorf("deployment %s/%s does not exist", namespace, name)
		}
		status, woken := k.statusOf(d), k.woken
		failing, evidence := k.failing(d)
		if deadline == nil {
			timer := time.NewTimer(d.progressDeadline())
			defer timer.Stop()
			deadline = timer.C
		}
		k.mu.Unlock()
		if status.Complete() {
			return nil
		}
		if failing {
			return fmt.Errorf("deployment %s/%s does not come up: %s", namespace, name, evidence)
		}
		select {
		case <-woken:
		case <-deadline:
			return fmt.Errorf("deployment %s/%s made no progress within progressDeadlineSeconds: %s\n%s", namespace, name, status.Message, evidence)
		case <-ctx.Done():
			return fmt.Errorf("deployment %s/%s is not complete: %w: %s\n%s", namespace, name, context.Cause(ctx), status.Message, evidence)
		}
	}
}

// failing says whether a pod of the newest template fails again and again, and
// what the worst of them said last. It is called with the lock held.
func (k *Kubelet) failing(d *deployment) (givenUp bool, evidence string) {
	current, _, _ := d.split(k.podsOf(d.namespace, d.owner()))
	for _, p := range current {
		if p.ready {
			continue
		}
		evidence = fmt.Sprintf("pod %s, %d restarts: %s", p.key.name, p.restartCount, p.tail())
		if p.restartCount >= maxCrashRestarts || p.failedPreparations >= maxFailedPreparations {
			return true, evidence
		}
	}
	return false, evidence
}
