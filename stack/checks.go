package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/k8s"
	"github.com/coditect-ai/license-platform/k8s/cluster"
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/namespace"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/network"
	"github.com/coditect-ai/license-platform/observe"
	"github.com/coditect-ai/license-platform/setting"
)

// Checks says which comparisons with what exists are left out.
type Checks struct {
	// Skip lists checks by their names. A check is left out when the deployer may
	// not read what it looks up, or when what it found is meant.
	Skip []string `json:"skip,omitempty"`
}

// skipKey is the setting that leaves checks out.
const skipKey = "checks.skip"

// checkNames are the names of all checks.
func checkNames() []string {
	return append([]string{
		network.CheckSubnet, network.CheckPeeredRanges, network.CheckPrivateZones, network.CheckEdgeAddress, network.CheckSSLPolicy, network.CheckRanges,
		cluster.CheckDataplane, cluster.CheckWorkloadIdentity, cluster.CheckNodeAccount, cluster.CheckClusterNetwork, cluster.CheckNodeTaints, cluster.CheckAddons, cluster.CheckOwnCluster,
		observe.CheckAudit, data.CheckKeys, checkPlace,
	}, k8s.ClusterChecks()...)
}

func (c Checks) validate() (ps setting.Problems) {
	for i, name := range c.Skip {
		if !slices.Contains(checkNames(), name) {
			ps.Add(fmt.Sprintf("skip[%d]", i), name, "is not a valid check", strings.Join(checkNames(), ", "))
		}
	}
	return ps
}

// check compares the settings with what exists, in a preview as in an update,
// and before anything is declared. They never stop a lockdown: then problems are
// only warnings, except that the cluster cannot be reached.
func (d *deployment) check() error {
	err := d.checks().Run(d.settings.Checks.Skip, skipKey)
	if err == nil && d.unreachable != nil {
		err = fmt.Errorf("kubernetes.cluster.name = %q: reach the cluster: %w", d.settings.Kubernetes.Cluster.Name, d.unreachable)
	}
	if err != nil && d.settings.Platform.Lockdown && d.unreachable == nil {
		return d.ctx.Log.Warn("the lockdown continues in spite of: "+err.Error(), nil)
	}
	return err
}

// checks are those that fit the settings. They ask with the provider that needs no
// enabled API.
func (d *deployment) checks() setting.Checks {
	s := d.settings
	ask := pulumi.Provider(d.enabling)
	last, unread := readLastUpdate(d.ctx)
	all := setting.Checks{{Name: checkPlace, Look: func() (setting.Problems, error) { return last.moved(s.Platform), unread }}}
	all = append(all, network.Checks(d.ctx, network.CheckArgs{
		Settings: s.Network, Project: s.Platform.Project, Region: s.Platform.Region, AddressInUse: s.Kubernetes.Ingress.Adopt, LastAddress: last.EdgeAddress,
		Database: func() (string, error) { return data.DatabaseAddress(d.ctx, last.SQLConnectionName, ask) },
	}, ask)...)
	all = append(all, observe.Checks(d.ctx, s.Observe, s.Platform.Project, ask)...)
	all = append(all, data.Checks(d.ctx, data.CheckArgs{Settings: s.Data, Project: s.Platform.Project, Region: s.Platform.Region}, ask)...)
	all = append(all, cluster.Checks(d.ctx, cluster.CheckArgs{
		Settings: s.Kubernetes.Cluster, Project: s.Platform.Project, Network: s.Network.Name, Subnetwork: s.Network.Subnetwork,
		Dataplane: s.Kubernetes.NetworkPolicies.Dataplane, ScrapedFrom: s.Kubernetes.NetworkPolicies.ScrapedFrom(), NodeAccount: s.Identity.NodeAccount, Arm: s.API.Arm(), Autoscaled: s.API.Replicas.Max > s.API.Replicas.Min,
		LastName: last.Cluster, LastLocation: last.ClusterLocation,
	}, ask)...)
	if d.unreachable != nil {
		return all
	}
	all = append(all, namespace.Checks(d.ctx, s.Kubernetes.Namespace, pulumi.Provider(d.kubernetes))...)
	return append(all, ingress.Checks(d.ctx, ingress.CheckArgs{
		Settings: s.Kubernetes.Ingress, Namespace: s.Kubernetes.Namespace.Name,
		Domain: s.Platform.Domain, LicenseHost: s.Platform.LicenseHost(), EdgeAddressName: s.Network.EdgeAddress.Name,
		Services: []string{workload.APIName, workload.StaffName},
	}, pulumi.Provider(d.kubernetes))...)
}
