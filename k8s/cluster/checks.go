package cluster

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/machine"
)

// Names of the checks of an adopted cluster; the last check is for every cluster.
const (
	CheckDataplane        = "dataplane"
	CheckWorkloadIdentity = "workloadIdentity"
	CheckNodeAccount      = "nodeAccount"
	CheckClusterNetwork   = "clusterNetwork"
	CheckNodeTaints       = "nodeTaints"
	CheckAddons           = "addons"
	CheckOwnCluster       = "ownCluster"
)

// CheckArgs is what the checks compare with the cluster.
type CheckArgs struct {
	// Settings must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Network and Subnetwork are the names of the adopted ones.
	Network, Subnetwork string
	// Dataplane is what the NetworkPolicies are written for.
	Dataplane string
	// NodeAccount is the service account that is let pull the API's image.
	NodeAccount string
	// Arm says that the API's image is for Arm processors.
	Arm bool
	// ScrapedFrom is the namespace that may scrape the API's metrics.
	ScrapedFrom string
	// Autoscaled says that the number of the API's pods changes by itself.
	Autoscaled bool
	// LastName and LastLocation are the cluster of the last update; empty before the first
	// one.
	LastName, LastLocation string
}

// Checks compares the settings with the adopted cluster, or with the one that an earlier
// update created. Google is asked once.
func Checks(ctx *pulumi.Context, args CheckArgs, opts ...pulumi.InvokeOption) setting.Checks {
	moved := setting.Check{Name: CheckOwnCluster, Look: func() (setting.Problems, error) { return args.moved(ctx, opts) }}
	if !args.Settings.Adopt {
		return setting.Checks{moved, {Name: CheckOwnCluster, Look: func() (setting.Problems, error) { return args.ownCluster(ctx, opts) }}}
	}
	var found *container.LookupClusterResult
	with := func(compare func(CheckArgs, *container.LookupClusterResult) setting.Problems) func() (setting.Problems, error) {
		return func() (_ setting.Problems, err error) {
			if found == nil {
				s := args.Settings
				found, err = container.LookupCluster(ctx, &container.LookupClusterArgs{Name: s.Name, Location: &s.Location, Project: &args.Project}, opts...)
			}
			if err != nil {
				return nil, fmt.Errorf("kubernetes.cluster.name = %q: look up the cluster: %w", args.Settings.Name, err)
			}
			return compare(args, found), nil
		}
	}
	return setting.Checks{
		{Name: CheckDataplane, Look: with(dataplane)},
		{Name: CheckWorkloadIdentity, Look: with(workloadIdentity)},
		{Name: CheckNodeAccount, Look: with(nodeAccount)},
		{Name: CheckClusterNetwork, Look: with(clusterNetwork)},
		{Name: CheckNodeTaints, Look: with(nodeTaints)},
		{Name: CheckAddons, Look: with(addons)},
		{Name: CheckOwnCluster, Look: with(created)},
		moved,
	}
}

// change is the command by which the cluster's owner changes it. Without a location gcloud
// uses the location of the last cluster on that machine, or fails.
func (s Settings) change(what, project string) string {
	return "gcloud container " + what + " --location=" + s.Location + " --project=" + project
}

// dataplane has to enforce the NetworkPolicies, and to be the one that they are
// written for (https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy).
func dataplane(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	const key = "kubernetes.networkPolicies.dataplane"
	calico := slices.ContainsFunc(found.NetworkPolicies, func(p container.GetClusterNetworkPolicy) bool { return p.Enabled })
	switch {
	case found.DatapathProvider == "ADVANCED_DATAPATH" && args.Dataplane != isolation.DataplaneV2:
		ps.Add(key, args.Dataplane, "cluster "+found.Name+" has Dataplane V2", isolation.DataplaneV2)
	case found.DatapathProvider != "ADVANCED_DATAPATH" && calico && args.Dataplane != isolation.Calico:
		ps.Add(key, args.Dataplane, "cluster "+found.Name+" enforces policies with Calico", isolation.Calico)
	case found.DatapathProvider != "ADVANCED_DATAPATH" && !calico:
		ps.Add(key, args.Dataplane, "cluster "+found.Name+" enforces no NetworkPolicies: every pod could reach the license API",
			"a cluster with Dataplane V2 or with network policy enforcement")
	}
	return ps
}

// workloadIdentity is how pods become service accounts; it has to be on for the
// cluster and for its nodes
// (https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity).
func workloadIdentity(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	const key = "kubernetes.cluster.name"
	pool := args.Project + ".svc.id.goog"
	if !slices.ContainsFunc(found.WorkloadIdentityConfigs, func(c container.GetClusterWorkloadIdentityConfig) bool { return c.WorkloadPool == pool }) {
		ps.Add(key, found.Name, "has no Workload Identity, so no pod could become a service account",
			"a cluster with the pool "+pool+": "+args.Settings.change("clusters update "+found.Name+" --workload-pool="+pool, args.Project))
	}
	for _, nodes := range found.NodePools {
		for _, config := range nodes.NodeConfigs {
			// Nodes from before Workload Identity was switched on have no mode, and are left as they were.
			mode := "nothing is set"
			for _, metadata := range config.WorkloadMetadataConfigs {
				mode = metadata.Mode
			}
			if mode != "GKE_METADATA" {
				ps.Add(key, found.Name, "its nodes "+nodes.Name+" give pods the nodes' own identity ("+mode+")",
					"nodes with GKE_METADATA: "+args.Settings.change("node-pools update "+nodes.Name+" --cluster="+found.Name+" --workload-metadata=GKE_METADATA", args.Project))
			}
		}
	}
	return ps
}

// nodeAccount pulls the API's image, on whichever nodes its pods run.
func nodeAccount(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	for _, nodes := range found.NodePools {
		for _, config := range nodes.NodeConfigs {
			if config.ServiceAccount != args.NodeAccount {
				ps.Add("identity.nodeAccount", args.NodeAccount, "the nodes "+nodes.Name+" of cluster "+found.Name+" have another account and could not pull the API's image",
					accountName(config.ServiceAccount))
			}
		}
	}
	return ps
}

// accountName spells the account out that "default" stands for.
func accountName(account string) string {
	if account == "default" {
		return "PROJECT_NUMBER-compute@developer.gserviceaccount.com, Compute Engine's default account"
	}
	return account
}

// nodeTaints keep pods away that do not tolerate them, and the platform's tolerate none: one
// pool has to be free of them
// (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). It also has
// to have the processors that the image is for. GKE gives all nodes with Arm processors a taint,
// and pods that select such nodes tolerate it
// (https://cloud.google.com/kubernetes-engine/docs/how-to/prepare-arm-workloads-for-deployment).
// With Autopilot or node auto-provisioning GKE makes the nodes that waiting pods need
// (https://cloud.google.com/kubernetes-engine/docs/concepts/node-auto-provisioning).
func nodeTaints(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	if found.EnableAutopilot || slices.ContainsFunc(found.ClusterAutoscalings, func(c container.GetClusterClusterAutoscaling) bool { return c.Enabled }) {
		return nil
	}
	var tainted, others []string
	for _, nodes := range found.NodePools {
		var taints []string
		arm := false
		for _, config := range nodes.NodeConfigs {
			arm = arm || machine.Arm(config.MachineType)
			for _, taint := range config.Taints {
				if taint.Effect != "PREFER_NO_SCHEDULE" && !(args.Arm && taint.Key == "kubernetes.io/arch") {
					taints = append(taints, taint.Key+"="+taint.Value+":"+taint.Effect)
				}
			}
		}
		switch {
		case arm != args.Arm:
			others = append(others, nodes.Name)
		case len(taints) == 0:
			return nil
		default:
			tainted = append(tainted, nodes.Name+" ("+strings.Join(taints, ", ")+")")
		}
	}
	if len(tainted) > 0 {
		ps.Add("kubernetes.cluster.name", found.Name, "all its nodes have taints, and no pod of the platform would run: "+strings.Join(tainted, ", "),
			"a cluster with a node pool without taints")
	}
	if len(tainted) == 0 && len(others) > 0 {
		is, wanted := "Arm", "x86 (api.platform: linux/amd64)"
		if args.Arm {
			is, wanted = "x86", "Arm (api.platform: linux/arm64)"
		}
		ps.Add("kubernetes.cluster.name", found.Name, "all its nodes have "+is+" processors, and the API's image is for "+wanted+": "+strings.Join(others, ", "),
			"a cluster with a node pool for this image, or another api.platform")
	}
	return ps
}

// addons are the parts of GKE that an owner can switch off and that the platform's objects are
// for. Without managed Prometheus there is no definition of PodMonitoring, so that the update
// would stop half-way; an Ingress or an autoscaler would only do nothing.
func addons(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	const key = "kubernetes.cluster.name"
	with := func(flag string) string {
		return "a cluster with it: " + args.Settings.change("clusters update "+found.Name+" "+flag, args.Project)
	}
	managed := slices.ContainsFunc(found.MonitoringConfigs, func(c container.GetClusterMonitoringConfig) bool {
		return slices.ContainsFunc(c.ManagedPrometheuses, func(p container.GetClusterMonitoringConfigManagedPrometheus) bool { return p.Enabled })
	})
	if !managed {
		// https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed#enable-mgdcoll-gke
		ps.Add(key, found.Name, "has no managed Prometheus, which reads the metrics that the alerts are over", with("--enable-managed-prometheus"))
	}
	// https://cloud.google.com/stackdriver/docs/managed-prometheus/troubleshooting
	if found.EnableAutopilot && args.ScrapedFrom != isolation.AutopilotMetrics {
		ps.Add("kubernetes.networkPolicies.metricsNamespace", args.ScrapedFrom, "cluster "+found.Name+" is one of Autopilot, where managed Prometheus runs in another namespace: nothing would read the metrics that the alerts are over",
			isolation.AutopilotMetrics)
	}
	for _, config := range found.AddonsConfigs {
		// https://cloud.google.com/kubernetes-engine/docs/concepts/ingress
		if slices.ContainsFunc(config.HttpLoadBalancings, func(a container.GetClusterAddonsConfigHttpLoadBalancing) bool { return a.Disabled }) {
			ps.Add(key, found.Name, "its addon HttpLoadBalancing is off, so nothing would serve the Ingress", with("--update-addons=HttpLoadBalancing=ENABLED"))
		}
		// https://cloud.google.com/kubernetes-engine/docs/concepts/horizontalpodautoscaler
		if args.Autoscaled && slices.ContainsFunc(config.HorizontalPodAutoscalings, func(a container.GetClusterAddonsConfigHorizontalPodAutoscaling) bool { return a.Disabled }) {
			ps.Add(key, found.Name, "its addon HorizontalPodAutoscaling is off, so there would be one pod of the API",
				with("--update-addons=HorizontalPodAutoscaling=ENABLED")+", or api.replicas with equal bounds")
		}
	}
	return ps
}

// clusterNetwork checks the network of the cluster's pods.
func clusterNetwork(args CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	for _, place := range []struct{ key, given, found string }{
		{"network.name", args.Network, path.Base(found.Network)},
		{"network.subnetwork", args.Subnetwork, path.Base(found.Subnetwork)},
	} {
		if place.given != place.found {
			ps.Add(place.key, place.given, "cluster "+found.Name+" lives in "+place.found, place.found)
		}
	}
	return ps
}
