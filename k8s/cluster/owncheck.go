package cluster

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/taken"
)

// ownCluster checks that no setting asks for another cluster of the same name. Google would make
// one without anything in it, and Pulumi would take it for the cluster of before, whose objects
// it knows (clusterIdentifier of the Kubernetes provider, package stack).
func (args CheckArgs) ownCluster(ctx *pulumi.Context, opts []pulumi.InvokeOption) (setting.Problems, error) {
	s := args.Settings
	found, err := container.LookupCluster(ctx, &container.LookupClusterArgs{Name: s.Name, Location: &s.Location, Project: &args.Project}, opts...)
	switch {
	case err == nil:
		return args.differs(found), nil
	case taken.Absent(err):
		return nil, nil
	default:
		return nil, fmt.Errorf("kubernetes.cluster.name = %q: look up the cluster: %w", s.Name, err)
	}
}

// differs lists what a cluster keeps as it was made
// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/container/resource_container_cluster.go).
func (args CheckArgs) differs(found *container.LookupClusterResult) (ps setting.Problems) {
	kept := []struct{ key, set, made string }{
		{"network.name", args.Network, path.Base(found.Network)},
		{"network.subnetwork", args.Subnetwork, path.Base(found.Subnetwork)},
	}
	for _, private := range found.PrivateClusterConfigs {
		kept = append(kept, struct{ key, set, made string }{"kubernetes.cluster.controlPlaneRange", args.Settings.ControlPlaneRange, private.MasterIpv4CidrBlock})
	}
	for _, k := range kept {
		if k.made != "" && k.made != "." && k.made != k.set {
			ps.Add(k.key, k.set, "was "+k.made+" when cluster "+found.Name+" was made, and the cluster would be made anew without the objects in it",
				k.made+", or a stack of its own for another cluster (docs/later.md)")
		}
	}
	return ps
}
