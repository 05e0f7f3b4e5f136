package workload

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How long parts of a rollout may take at worst, beside what the settings say.
const (
	// nodeComes is for the autoscaler of the nodes, when the next pod has no room.
	nodeComes = 5 * time.Minute
	// imageComes is for pulling the image to a node that does not have it.
	imageComes = 2 * time.Minute
	// podStarts is when the startup probe gives a pod up.
	podStarts = startupPeriod * startupFailures * time.Second
	// migrationEnds is when Kubernetes gives the migration up, counted from its start.
	migrationEnds = 15 * time.Minute
	// shortestWait is the provider's own limit for a Deployment, a Job and a deletion
	// (https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/await/deployment.go,
	// DefaultDeploymentTimeoutMins): no limit here is below.
	shortestWait = 10 * time.Minute
)

// leaving is how long a pod may take to leave: while it drains, while requests in
// flight end, and a moment.
func (s Settings) leaving() time.Duration {
	return time.Duration(s.drain()+s.shutdown()+5) * time.Second
}

// settling is how long a pod may take from its start until it counts.
func (s Settings) settling() time.Duration {
	return podStarts + time.Duration(s.SettleSeconds)*time.Second
}

// room is how long the next pod may wait for a place: for a node, or for a pod
// that leaves, and then for the image.
func (s Settings) room() time.Duration { return nodeComes + imageComes + s.leaving() }

// progress is the longest time between two pods of a rollout that is fine.
func (s Settings) progress() time.Duration { return max(shortestWait, s.room()+s.settling()) }

// rollout is the longest time that a rollout which is fine may take: it replaces
// one pod after the other, as many as the autoscaler may have made, and has to
// find room once.
func (s Settings) rollout() time.Duration {
	return max(shortestWait, s.room()+time.Duration(s.Replicas.Max)*s.settling())
}

// deploymentWaits are how long Pulumi waits for the Deployment. Without, it stops
// after ten minutes, though the rollout goes on.
func (s Settings) deploymentWaits() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: inSeconds(s.rollout()), Update: inSeconds(s.rollout()), Delete: inSeconds(max(shortestWait, s.leaving()+time.Minute)),
	})
}

// migrationWaits are how long Pulumi waits for the migration: until Kubernetes
// has given it up and said so.
func migrationWaits() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: inSeconds(migrationEnds + time.Minute)})
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
