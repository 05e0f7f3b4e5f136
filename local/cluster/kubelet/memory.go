package kubelet

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// memoryInterval is how often a container's memory is compared with its limit. A kernel
// with control groups would look at each page, and count what the kernel keeps for the
// container, such as files in memory, pipes and sockets, too.
const memoryInterval = 100 * time.Millisecond

// watchMemory waits until the container takes more memory than its limit, and tells so
// (https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run).
// It returns when ctx ends, at once for a container without a limit.
func watchMemory(ctx context.Context, pid int, container corev1.Container, over chan<- error) {
	limit, limited := container.Resources.Limits[corev1.ResourceMemory]
	if !limited {
		return
	}
	for sleep(ctx, memoryInterval) {
		if taken := process.Memory(pid); taken > limit.Value() {
			over <- fmt.Errorf("OOMKilled: the container took %s of memory, its limit is %s", resource.NewQuantity(taken>>20<<20, resource.BinarySI), &limit)
			return
		}
	}
}
