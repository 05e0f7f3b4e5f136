package cluster

import (
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/setting"
)

// theirs is a cluster that fits the settings of fitting.
func theirs() *container.LookupClusterResult {
	return &container.LookupClusterResult{
		Name: "ide", DatapathProvider: "ADVANCED_DATAPATH", Network: "projects/acme/global/networks/vpc", Subnetwork: "regions/us-central1/subnetworks/nodes",
		WorkloadIdentityConfigs: []container.GetClusterWorkloadIdentityConfig{{WorkloadPool: "acme.svc.id.goog"}},
		NodePools:               []container.GetClusterNodePool{pool("blue"), pool("green")},
		MonitoringConfigs:       []container.GetClusterMonitoringConfig{{ManagedPrometheuses: []container.GetClusterMonitoringConfigManagedPrometheus{{Enabled: true}}}},
		AddonsConfigs: []container.GetClusterAddonsConfig{{
			HttpLoadBalancings:        []container.GetClusterAddonsConfigHttpLoadBalancing{{}},
			HorizontalPodAutoscalings: []container.GetClusterAddonsConfigHorizontalPodAutoscaling{{}},
		}},
	}
}

func pool(name string) container.GetClusterNodePool {
	return container.GetClusterNodePool{Name: name, NodeConfigs: []container.GetClusterNodePoolNodeConfig{{
		ServiceAccount: "nodes@acme.iam.gserviceaccount.com", WorkloadMetadataConfigs: []container.GetClusterNodePoolNodeConfigWorkloadMetadataConfig{{Mode: "GKE_METADATA"}},
	}}}
}

func fitting() CheckArgs {
	return CheckArgs{Project: "acme", Network: "vpc", Subnetwork: "nodes", Dataplane: isolation.DataplaneV2, NodeAccount: "nodes@acme.iam.gserviceaccount.com"}
}

func TestWhatAnAdoptedClusterLacksIsNamed(t *testing.T) {
	t.Parallel()
	calico := func(found *container.LookupClusterResult) {
		found.DatapathProvider, found.NetworkPolicies = "LEGACY_DATAPATH", []container.GetClusterNetworkPolicy{{Enabled: true}}
	}
	taint := func(effect string, pools ...int) func(*CheckArgs, *container.LookupClusterResult) {
		return func(_ *CheckArgs, found *container.LookupClusterResult) {
			for _, i := range pools {
				found.NodePools[i].NodeConfigs[0].Taints = []container.GetClusterNodePoolNodeConfigTaint{{Key: "team", Value: "ide", Effect: effect}}
			}
		}
	}
	arm := func(found *container.LookupClusterResult, pools ...int) {
		for _, i := range pools {
			found.NodePools[i].NodeConfigs[0].MachineType = "t2a-standard-4"
		}
	}
	for name, c := range map[string]struct {
		change func(*CheckArgs, *container.LookupClusterResult)
		// whys are what is said; nothing when it fits.
		whys []string
	}{
		"nothing": {func(*CheckArgs, *container.LookupClusterResult) {}, nil},
		"nothing, with Calico": {func(args *CheckArgs, found *container.LookupClusterResult) {
			calico(found)
			args.Dataplane = isolation.Calico
		}, nil},
		"managed Prometheus": {
			func(_ *CheckArgs, found *container.LookupClusterResult) {
				found.MonitoringConfigs[0].ManagedPrometheuses[0].Enabled = false
			},
			[]string{"has no managed Prometheus, which reads the metrics that the alerts are over"},
		},
		"managed Prometheus in the namespace of Autopilot": {
			func(args *CheckArgs, found *container.LookupClusterResult) {
				args.ScrapedFrom, found.EnableAutopilot = "gmp-system", true
			},
			[]string{"cluster ide is one of Autopilot, where managed Prometheus runs in another namespace: nothing would read the metrics that the alerts are over"},
		},
		"nothing, with Autopilot": {
			func(args *CheckArgs, found *container.LookupClusterResult) {
				args.ScrapedFrom, found.EnableAutopilot = isolation.AutopilotMetrics, true
			}, nil,
		},
		"any monitoring": {
			func(_ *CheckArgs, found *container.LookupClusterResult) { found.MonitoringConfigs = nil }, []string{"has no managed Prometheus, which reads the metrics that the alerts are over"},
		},
		"the controller of Ingresses": {
			func(_ *CheckArgs, found *container.LookupClusterResult) {
				found.AddonsConfigs[0].HttpLoadBalancings[0].Disabled = true
			},
			[]string{"its addon HttpLoadBalancing is off, so nothing would serve the Ingress"},
		},
		"the autoscaler": {
			func(args *CheckArgs, found *container.LookupClusterResult) {
				args.Autoscaled, found.AddonsConfigs[0].HorizontalPodAutoscalings[0].Disabled = true, true
			},
			[]string{"its addon HorizontalPodAutoscaling is off, so there would be one pod of the API"},
		},
		"the autoscaler, which nothing needs": {
			func(_ *CheckArgs, found *container.LookupClusterResult) {
				found.AddonsConfigs[0].HorizontalPodAutoscalings[0].Disabled = true
			}, nil,
		},
		"policies for Calico in a cluster with Dataplane V2": {
			func(args *CheckArgs, _ *container.LookupClusterResult) { args.Dataplane = isolation.Calico }, []string{"cluster ide has Dataplane V2"},
		},
		"policies for Dataplane V2 in a cluster with Calico": {
			func(_ *CheckArgs, found *container.LookupClusterResult) { calico(found) }, []string{"cluster ide enforces policies with Calico"},
		},
		"anything that enforces policies": {func(_ *CheckArgs, found *container.LookupClusterResult) {
			calico(found)
			found.NetworkPolicies[0].Enabled = false
		}, []string{"cluster ide enforces no NetworkPolicies: every pod could reach the license API"}},
		"Workload Identity": {func(_ *CheckArgs, found *container.LookupClusterResult) { found.WorkloadIdentityConfigs = nil }, []string{"has no Workload Identity, so no pod could become a service account"}},
		"the project's pool": {func(_ *CheckArgs, found *container.LookupClusterResult) {
			found.WorkloadIdentityConfigs[0].WorkloadPool = "other.svc.id.goog"
		}, []string{"has no Workload Identity, so no pod could become a service account"}},
		"nodes that hide their own identity": {func(_ *CheckArgs, found *container.LookupClusterResult) {
			found.NodePools[1].NodeConfigs[0].WorkloadMetadataConfigs[0].Mode = "GCE_METADATA"
		}, []string{"its nodes green give pods the nodes' own identity (GCE_METADATA)"}},
		"a mode on nodes from before Workload Identity": {func(_ *CheckArgs, found *container.LookupClusterResult) {
			found.NodePools[0].NodeConfigs[0].WorkloadMetadataConfigs = nil
		}, []string{"its nodes blue give pods the nodes' own identity (nothing is set)"}},
		"nodes with the account that may pull": {func(_ *CheckArgs, found *container.LookupClusterResult) {
			found.NodePools[1].NodeConfigs[0].ServiceAccount = "default"
		}, []string{"the nodes green of cluster ide have another account and could not pull the API's image"}},
		"the network and the subnet": {func(args *CheckArgs, _ *container.LookupClusterResult) {
			args.Network, args.Subnetwork = "other", "else"
		}, []string{"cluster ide lives in vpc", "cluster ide lives in nodes"}},
		"nodes for an image of another kind": {func(args *CheckArgs, _ *container.LookupClusterResult) { args.Arm = true }, []string{
			"all its nodes have x86 processors, and the API's image is for Arm (api.platform: linux/arm64): blue, green",
		}},
		"nodes but those with Arm processors": {func(_ *CheckArgs, found *container.LookupClusterResult) { arm(found, 0, 1) }, []string{
			"all its nodes have Arm processors, and the API's image is for x86 (api.platform: linux/amd64): blue, green",
		}},
		"a pool without taints, but for the other kind of image": {func(args *CheckArgs, found *container.LookupClusterResult) {
			arm(found, 1)
			taint("NO_SCHEDULE", 0)(args, found)
		}, []string{"all its nodes have taints, and no pod of the platform would run: blue (team=ide:NO_SCHEDULE)"}},
		"nothing, when GKE makes nodes for pods that wait": {func(args *CheckArgs, found *container.LookupClusterResult) {
			taint("NO_SCHEDULE", 0, 1)(args, found)
			found.ClusterAutoscalings = []container.GetClusterClusterAutoscaling{{Enabled: true}}
		}, nil},
		"nothing, when all nodes are GKE's": {func(args *CheckArgs, found *container.LookupClusterResult) {
			args.Arm, args.ScrapedFrom, found.EnableAutopilot = true, isolation.AutopilotMetrics, true
		}, nil},
		"nothing, for an image of one pool's kind": {func(args *CheckArgs, found *container.LookupClusterResult) {
			args.Arm = true
			arm(found, 1)
			found.NodePools[1].NodeConfigs[0].Taints = []container.GetClusterNodePoolNodeConfigTaint{{Key: "kubernetes.io/arch", Value: "arm64", Effect: "NO_SCHEDULE"}}
		}, nil},
		"a pool without taints":                          {taint("NO_SCHEDULE", 0, 1), []string{"all its nodes have taints, and no pod of the platform would run: blue (team=ide:NO_SCHEDULE), green (team=ide:NO_SCHEDULE)"}},
		"nothing, when one pool has none":                {taint("NO_EXECUTE", 0), nil},
		"nothing, when taints are only a preference":     {taint("PREFER_NO_SCHEDULE", 0, 1), nil},
		"nothing, when there is no pool to say it about": {func(_ *CheckArgs, found *container.LookupClusterResult) { found.NodePools = nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, found := fitting(), theirs()
			c.change(&args, found)
			var whys []string
			for _, compare := range []func(CheckArgs, *container.LookupClusterResult) setting.Problems{dataplane, workloadIdentity, nodeAccount, clusterNetwork, nodeTaints, addons} {
				for _, problem := range compare(args, found) {
					whys = append(whys, problem.Why)
				}
			}
			assert.Equal(t, c.whys, whys)
		})
	}
}

func TestTheDefaultAccountIsSpelledOut(t *testing.T) {
	t.Parallel()
	found := theirs()
	found.NodePools[0].NodeConfigs[0].ServiceAccount = "default"
	problems := nodeAccount(fitting(), found)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Allowed, "-compute@developer.gserviceaccount.com")
	found.NodePools[0].NodeConfigs[0].ServiceAccount = "others@acme.iam.gserviceaccount.com"
	assert.Equal(t, "others@acme.iam.gserviceaccount.com", nodeAccount(fitting(), found)[0].Allowed)
}
