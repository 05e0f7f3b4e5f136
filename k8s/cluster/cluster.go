// Package cluster declares the GKE cluster that the license API runs in, or
// looks up the one that exists. It is the only package that imports the GCP
// SDK's container module, which takes minutes to compile.
package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args is what a Cluster is made from.
type Args struct {
	// Settings must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// NetworkID and SubnetworkID are the network and subnet of a created cluster.
	NetworkID, SubnetworkID pulumi.StringInput
	// PodsRangeName and ServicesRangeName are the subnet's secondary ranges.
	PodsRangeName, ServicesRangeName string
	// NodeEmail is the nodes' own service account.
	NodeEmail pulumi.StringInput
	// SecretsKey encrypts Kubernetes Secrets, DiskKey the nodes' boot disks.
	SecretsKey, DiskKey pulumi.StringInput
	// ImagePattern says which images a created cluster admits in addition to Google's
	// own, for example "HOST/PROJECT/REPOSITORY/NAME@sha256:*".
	ImagePattern pulumi.StringInput
	// DependsOn are the enabled APIs and the nodes' roles.
	DependsOn []pulumi.Resource
}

// Cluster is the declared or adopted cluster.
type Cluster struct {
	pulumi.ResourceState

	// Name of the cluster.
	Name pulumi.StringOutput
	// Kubeconfig reaches the cluster with the caller's Google credentials through
	// gke-gcloud-auth-plugin; it holds no credential.
	Kubeconfig pulumi.StringOutput
	// Membership is the full name of the fleet's membership through which Kubeconfig leads,
	// empty where it leads to the control plane itself.
	Membership pulumi.StringOutput
	// Resources are the created cluster with its nodes, which make the project's
	// workload identity pool, and its rule for images; empty when the cluster is
	// adopted.
	Resources []pulumi.Resource

	services pulumi.StringOutput
}

// DNSAddress is the address of the Service that resolves names for the pods of an adopted
// cluster. A created cluster has Dataplane V2, where policies do not need this address.
func (c *Cluster) DNSAddress() pulumi.StringOutput {
	return c.services.ApplyT(dnsAddress).(pulumi.StringOutput)
}

// New declares the cluster with its nodes, or looks up the adopted one.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{}
	if err := ctx.RegisterComponentResource("licensing:k8s:Cluster", name, c, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %q: %w", name, err)
	}
	declare := create
	if args.Settings.Adopt {
		declare = adopt
	}
	a, err := declare(ctx, name, args, c)
	if err != nil {
		return nil, fmt.Errorf("declare cluster %q: %w", name, err)
	}
	c.Name, c.services, c.Resources = a.name, a.services, a.resources
	c.Membership = pulumi.String("").ToStringOutput()
	if args.Settings.ConnectGateway {
		c.Membership = a.member
	}
	c.Kubeconfig = kubeconfig(ctx, args.Settings, a, pulumi.Parent(c))
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name}); err != nil {
		return nil, fmt.Errorf("register the outputs of cluster %q: %w", name, err)
	}
	return c, nil
}

// access is what a kubeconfig is made of.
type access struct {
	// name of the cluster; endpoint is its host; ca is its CA in base64.
	name, endpoint, ca pulumi.StringOutput
	// services is the range for Services of an adopted cluster.
	services pulumi.StringOutput
	// member is the cluster's membership in a fleet.
	member    pulumi.StringOutput
	resources []pulumi.Resource
}

// ExistingKubeconfig returns the kubeconfig of an existing cluster, and does not change
// the cluster.
func ExistingKubeconfig(ctx *pulumi.Context, s Settings, project string, opts ...pulumi.InvokeOption) pulumi.StringOutput {
	return kubeconfig(ctx, s, existing(ctx, s, project, opts...), opts...)
}

// adopt reads the existing cluster and does not change it.
func adopt(ctx *pulumi.Context, _ string, args *Args, parent pulumi.Resource) (access, error) {
	return existing(ctx, args.Settings, args.Project, pulumi.Parent(parent)), nil
}

func existing(ctx *pulumi.Context, s Settings, project string, opts ...pulumi.InvokeOption) access {
	found := container.LookupClusterOutput(ctx, container.LookupClusterOutputArgs{
		Name: pulumi.String(s.Name), Location: pulumi.String(s.Location), Project: pulumi.String(project),
	}, opts...)
	return access{
		name:     found.Name(),
		endpoint: found.Endpoint(),
		ca:       found.MasterAuths().Index(pulumi.Int(0)).ClusterCaCertificate(),
		services: found.ServicesIpv4Cidr(),
		member:   found.Fleets().ApplyT(func(fleets []container.GetClusterFleet) (string, error) { return membershipOf(s, project, fleets) }).(pulumi.StringOutput),
	}
}
