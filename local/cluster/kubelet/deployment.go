package kubelet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// maxCrashRestarts is after how many restarts a pod that was never ready is given up by
// WaitDeployment.
const maxCrashRestarts = 4

type deployment struct {
	namespace, name string
	spec            appsv1.DeploymentSpec
	replicas        int
	hash            string
	deleting        bool
	problem         string
}

// ApplyDeployment creates or updates a Deployment and returns at once; the rollout
// continues in the background. What cannot run on this machine is an error. Without
// spec.replicas the number stays as it is, 1 for a new one.
func (k *Kubelet) ApplyDeployment(_ context.Context, d *appsv1.Deployment) error {
	spec := *d.Spec.DeepCopy()
	if spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return errors.New("the strategy Recreate does not work on this machine; allowed is RollingUpdate")
	}
	if err := check(spec.Template.Spec); err != nil {
		return fmt.Errorf("deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	if _, err := k.images.parse(spec.Template.Spec.Containers[0].Image); err != nil {
		return fmt.Errorf("deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	encoded, err := json.Marshal(spec.Template)
	if err != nil {
		return fmt.Errorf("deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	sum := sha256.Sum256(encoded)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errClosed
	}
	current, exists := k.deployments[key(d.Namespace, d.Name)]
	if !exists {
		current = &deployment{namespace: d.Namespace, name: d.Name, replicas: 1}
		k.deployments[key(d.Namespace, d.Name)] = current
	}
	if current.deleting {
		return fmt.Errorf("deployment %s/%s is being deleted", d.Namespace, d.Name)
	}
	current.spec, current.hash = spec, hex.EncodeToString(sum[:5])
	if spec.Replicas != nil {
		current.replicas = int(*spec.Replicas)
	}
	k.reconcile(current)
	k.touch()
	return nil
}

// Scale sets the number of pods, as an autoscaler does.
func (k *Kubelet) Scale(namespace, name string, replicas int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.deployments[key(namespace, name)]
	if !ok {
		return fmt.Errorf("deployment %s/%s does not exist", namespace, name)
	}
	d.replicas = replicas
	k.reconcile(d)
	k.touch()
	return nil
}

// podsOf lists the pods of an owner, oldest first. It is called with the lock held.
func (k *Kubelet) podsOf(namespace, owner string) []*pod {
	var all []*pod
	for _, p := range k.pods {
		if p.key.namespace == namespace && p.owner == owner {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *pod) int { return cmp.Compare(a.serial, b.serial) })
	return all
}

func (d *deployment) owner() string { return "Deployment/" + d.name }

// reconcile brings a Deployment one step further: it starts and ends as many
// pods as the strategy allows now. It is called with the lock held.
func (k *Kubelet) reconcile(d *deployment) {
	if k.closed {
		return
	}
	current, old, _ := d.split(k.podsOf(d.namespace, d.owner()))
	if d.deleting {
		return
	}
	surge, unavailable := d.limits()
	starts := min(d.replicas-len(current), d.replicas+surge-len(current)-len(old))
	for range starts {
		p, err := k.startPod(d.owner(), podKey{d.namespace, fmt.Sprintf("%s-%s-%s", d.name, d.hash, suffix())}, d.spec.Template, d.hash, true)
		if err != nil {
			d.problem = err.Error()
			return
		}
		current = append(current, p)
	}
	d.problem = ""
	endAll(surplus(current, d.replicas))
	endAll(d.retire(current, old, d.replicas-unavailable))
}

// split sorts pods into those of the newest template and older ones, and counts
// those that are ending.
func (d *deployment) split(all []*pod) (current, old []*pod, terminating int) {
	for _, p := range all {
		switch {
		case p.terminating:
			terminating++
		case p.hash == d.hash:
			current = append(current, p)
		default:
			old = append(old, p)
		}
	}
	return current, old, terminating
}

// surplus are the pods beyond the declared number, those that are not ready first.
func surplus(current []*pod, replicas int) []*pod {
	if len(current) <= replicas {
		return nil
	}
	sorted := slices.Clone(current)
	slices.SortStableFunc(sorted, func(a, b *pod) int { return cmp.Compare(boolToInt(a.ready), boolToInt(b.ready)) })
	return sorted[:len(current)-replicas]
}

// retire are the old pods that may end while enough others stay available: the unhealthy
// ones first, then one ready old pod for each ready new pod.
func (d *deployment) retire(current, old []*pod, atLeast int) []*pod {
	newReady := countReady(current)
	unhealthyQuota := len(current) + len(old) - atLeast - (len(current) - newReady)
	readyQuota := newReady + countReady(old) - atLeast
	var ending []*pod
	for _, p := range old {
		switch {
		case !p.ready && unhealthyQuota > 0:
			unhealthyQuota--
			ending = append(ending, p)
		case p.ready && readyQuota > 0:
			readyQuota--
			ending = append(ending, p)
		}
	}
	return ending
}

func endAll(pods []*pod) {
	for _, p := range pods {
		p.end(graceful)
	}
}

func countReady(pods []*pod) int {
	count := 0
	for _, p := range pods {
		count += boolToInt(p.ready)
	}
	return count
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// limits are maxSurge, rounded up, and maxUnavailable, rounded down, 25% by
// default; not both may be 0
// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment).
func (d *deployment) limits() (surge, unavailable int) {
	quarter := intstr.FromString("25%")
	maxSurge, maxUnavailable := &quarter, &quarter
	if rolling := d.spec.Strategy.RollingUpdate; rolling != nil {
		maxSurge, maxUnavailable = cmp.Or(rolling.MaxSurge, &quarter), cmp.Or(rolling.MaxUnavailable, &quarter)
	}
	surge, errSurge := intstr.GetScaledValueFromIntOrPercent(maxSurge, d.replicas, true)
	unavailable, errUnavailable := intstr.GetScaledValueFromIntOrPercent(maxUnavailable, d.replicas, false)
	if errors.Join(errSurge, errUnavailable) != nil || surge+unavailable == 0 {
		return 0, 1
	}
	return surge, unavailable
}

// RestartPods kills the pods' processes (for fault drills); the kubelet starts
// them again as after a crash.
func (k *Kubelet) RestartPods(namespace, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.deployments[key(namespace, name)]
	if !ok {
		return fmt.Errorf("deployment %s/%s does not exist", namespace, name)
	}
	for _, p := range k.podsOf(namespace, d.owner()) {
		if p.alive {
			p.process.Kill()
		}
	}
	return nil
}

// DeleteDeployment stops the pods, gracefully, and returns when their processes are gone;
// a Deployment that does not exist is not an error.
func (k *Kubelet) DeleteDeployment(ctx context.Context, namespace, name string) error {
	k.mu.Lock()
	d, ok := k.deployments[key(namespace, name)]
	if !ok {
		k.mu.Unlock()
		return nil
	}
	d.deleting = true
	left := k.podsOf(namespace, d.owner())
	endAll(left)
	k.mu.Unlock()
	for _, p := range left {
		select {
		case <-p.gone:
		case <-ctx.Done():
			return fmt.Errorf("delete deployment %s/%s: its pod %s is still ending: %w", namespace, name, p.key.name, context.Cause(ctx))
		}
	}
	k.change(func() { delete(k.deployments, key(namespace, name)) })
	return nil
}

// progressDeadline is how long a rollout may take.
func (d *deployment) progressDeadline() time.Duration {
	if given := d.spec.ProgressDeadlineSeconds; given != nil {
		return time.Duration(*given) * time.Second
	}
	return 600 * time.Second
}
