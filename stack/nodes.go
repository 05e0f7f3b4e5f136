package stack

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/machine"
	"github.com/coditect-ai/license-platform/setting/region"
)

// validateNodes compares how many nodes a created cluster may have with the addresses
// there are. It is spread over three zones (a region's, for all but a few regions), GKE
// gives each node a /24 of the pods' range, and Google keeps four addresses of a subnet
// (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing).
func (s Settings) validateNodes() (ps setting.Problems) {
	const zones, reserved, bitsOfNode = region.ClusterZones, 4, 24
	cluster, most := s.Kubernetes.Cluster, s.Kubernetes.Cluster.MaxNodes*zones
	if cluster.Adopt || s.Network.Adopt {
		return nil
	}
	pods, err := netip.ParsePrefix(s.Network.PodsRange)
	if err == nil && pods.Bits() <= bitsOfNode && most > 1<<(bitsOfNode-pods.Bits()) {
		ps.Add("network.podsRange", s.Network.PodsRange, fmt.Sprintf("has a /%d for %d nodes, but kubernetes.cluster.maxNodes = %d makes up to %d in %d zones",
			bitsOfNode, 1<<(bitsOfNode-pods.Bits()), cluster.MaxNodes, most, zones), "a wider range, or fewer nodes")
	}
	nodes, err := netip.ParsePrefix(s.Network.NodesRange)
	if room := 1<<max(32-nodes.Bits(), 0) - reserved; err == nil && nodes.Addr().Is4() && most > room {
		ps.Add("network.nodesRange", s.Network.NodesRange, fmt.Sprintf("has %d addresses for nodes, but kubernetes.cluster.maxNodes = %d makes up to %d in %d zones",
			room, cluster.MaxNodes, most, zones), "a wider range, or fewer nodes")
	}
	return ps
}

// validateMachine compares the nodes of a created cluster with the pods: on another
// processor architecture, or on nodes without room, they would never run, and the update
// would wait until it times out.
func (s Settings) validateMachine() (ps setting.Problems) {
	const key = "kubernetes.cluster.machineType"
	name := s.Kubernetes.Cluster.MachineType
	if s.Kubernetes.Cluster.Adopt || !machine.IsName(name) {
		return nil
	}
	if is, wanted := machine.Arm(name), s.API.Arm(); is != wanted {
		kinds := map[bool]string{true: "Arm", false: "x86"}
		ps.Add(key, name, fmt.Sprintf("has %s processors, but api.platform = %q is an image for %s", kinds[is], s.API.BuildPlatform(), kinds[wanted]),
			fmt.Sprintf("a machine type with %s processors, or another api.platform", kinds[wanted]))
	}
	return append(ps, s.validateRoom()...)
}

// validateRoom compares a node with a pod, and all nodes with the pods that have to run;
// a rollout needs one more pod.
func (s Settings) validateRoom() (ps setting.Problems) {
	cluster, pod := s.Kubernetes.Cluster, s.API.Requests()
	milliCPU, mebibytes := machine.Allocatable(cluster.MachineType)
	perNode := int64(math.MaxInt32)
	for _, r := range []struct {
		key, asked, has string
		one, room       int64
	}{
		{"api.cpu", pod.CPU, fmt.Sprintf("%dm", milliCPU), pod.MilliCPU, int64(milliCPU)},
		{"api.memory", pod.Memory, fmt.Sprintf("%dMi", mebibytes), pod.Bytes, int64(mebibytes) << 20},
	} {
		switch {
		case r.room == 0 || r.one <= 0:
		case r.one > r.room:
			ps.Add(r.key, r.asked, fmt.Sprintf("is more than the %s that GKE leaves to the pods of a node of kubernetes.cluster.machineType = %s", r.has, cluster.MachineType),
				"less, or a larger machine type")
		default:
			perNode = min(perNode, r.room/r.one)
		}
	}
	nodes := int64(max(cluster.MaxNodes, 1)) * region.ClusterZones
	if most, need := nodes*perNode, int64(s.API.Replicas.Min)+1; len(ps) == 0 && need > most {
		ps.Add("api.replicas.min", s.API.Replicas.Min, fmt.Sprintf("makes %d pods in a rollout, but %d nodes of %s have room for %d", need, nodes, cluster.MachineType, most),
			fmt.Sprintf("at most %d, more kubernetes.cluster.maxNodes or a larger machine type", most-1))
	}
	return ps
}
