package cluster

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/taken"
)

// ownCluster checks that no setting would replace the cluster by another one of the same name.
// Google would create an empty one, and Pulumi would treat it as the former cluster, whose
// objects are in its state (clusterIdentifier of the Kubernetes provider, package stack).
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

// moved checks that the platform stays in the cluster of the last update. In another cluster
// every object would be created again, while the load balancer of the old one still has the
// address and leads to deleted Services.
func (args CheckArgs) moved(ctx *pulumi.Context, opts []pulumi.InvokeOption) (ps setting.Problems, err error) {
	s := args.Settings
	key, set, was := "kubernetes.cluster.name", s.Name, args.LastName
	if s.Adopt && set == was {
		key, set, was = "kubernetes.cluster.location", s.Location, args.LastLocation // a created one is in the platform's region
	}
	if args.LastName == "" || set == was {
		return nil, nil
	}
	_, err = container.LookupCluster(ctx, &container.LookupClusterArgs{Name: args.LastName, Location: &args.LastLocation, Project: &args.Project}, opts...)
	switch {
	case err == nil:
		ps.Add(key, set, "was "+was+" in the last update: everything would be created again in another cluster, while the load balancer of this one keeps the address and leads to deleted pods",
			was+"; how the platform gets another cluster is in docs/later.md")
		return ps, nil
	case taken.Absent(err):
		return nil, nil // nothing is left there
	default:
		return nil, fmt.Errorf("%s = %q: look up the cluster of the last update, %s: %w", key, set, args.LastName, err)
	}
}

// created refuses to adopt a cluster that a stack of the platform has created: that stack
// would no longer declare it, and delete it.
func created(_ CheckArgs, found *container.LookupClusterResult) (ps setting.Problems) {
	if found.Description == description {
		ps.Add("kubernetes.cluster.adopt", true, "cluster "+found.Name+" was made by a stack of the platform, which would delete it", "false, or the cluster of somebody else")
	}
	return ps
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
			ps.Add(k.key, k.set, "was "+k.made+" when cluster "+found.Name+" was made, and the cluster would be replaced by one without its objects",
				k.made+", or a stack of its own for another cluster (docs/later.md)")
		}
	}
	return ps
}
