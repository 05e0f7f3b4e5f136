package workload

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Time limits for the parts of a rollout that have no setting.
const (
	// nodeTimeout is how long the cluster autoscaler may take to add a node.
	nodeTimeout = 5 * time.Minute
	// imagePullTimeout is how long a new node may take to pull the image.
	imagePullTimeout = 2 * time.Minute
	// startupTimeout is the time after which the startup probe has failed for good.
	startupTimeout = startupPeriod * startupFailures * time.Second
	// migrationDeadline is the Job's activeDeadlineSeconds.
	migrationDeadline = 15 * time.Minute
	// longestTermination is how long GKE waits for a pod that has to leave a node which the
	// cluster autoscaler takes away; then the pod is killed
	// (https://cloud.google.com/kubernetes-engine/docs/how-to/extended-duration-pods).
	longestTermination = 10 * time.Minute
	// spareTermination is what a pod has beside its drain and the requests in flight.
	spareTermination = 5 * time.Second
	// minTimeout is the provider's default timeout of a Deployment, a Job and a deletion
	// (https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/await/deployment.go,
	// DefaultDeploymentTimeoutMins). No timeout here is shorter.
	minTimeout = 10 * time.Minute
)

// terminationTime is how long a pod may take to terminate: drain, the requests in
// flight, and some seconds to spare.
func (s Settings) terminationTime() time.Duration {
	return time.Duration(s.drain()+s.shutdown())*time.Second + spareTermination
}

// readyTime is how long a pod may take from its start until it counts as available.
func (s Settings) readyTime() time.Duration {
	return startupTimeout + time.Duration(s.SettleSeconds)*time.Second
}

// schedulingTime is how long the next pod may wait before it starts: for a new node, for
// another pod to terminate, and for the image.
func (s Settings) schedulingTime() time.Duration {
	return nodeTimeout + imagePullTimeout + s.terminationTime()
}

// progressDeadline is the longest time between two pods of a healthy rollout.
func (s Settings) progressDeadline() time.Duration {
	return max(minTimeout, s.schedulingTime()+s.readyTime())
}

// rolloutTimeout is the longest time that a healthy rollout may take. It replaces one
// pod after the other, at most Replicas.Max of them, and waits once for a node.
func (s Settings) rolloutTimeout() time.Duration {
	return max(minTimeout, s.schedulingTime()+time.Duration(s.Replicas.Max)*s.readyTime())
}

// deploymentTimeouts are how long Pulumi waits for the Deployment. Without them it stops
// waiting after ten minutes, although the rollout continues.
func (s Settings) deploymentTimeouts() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: inSeconds(s.rolloutTimeout()), Update: inSeconds(s.rolloutTimeout()), Delete: inSeconds(max(minTimeout, s.terminationTime()+time.Minute)),
	})
}

// migrationTimeouts are how long Pulumi waits for the migration: until Kubernetes has
// marked the Job as failed.
func migrationTimeouts() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: inSeconds(migrationDeadline + time.Minute)})
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
