// Package network is layer 2 of the platform: the VPC with its subnet, the way
// to Google's managed services and APIs, the way out, and the address and TLS
// policy of the way in.
package network

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args is what a Network is made from.
type Args struct {
	// Settings must be valid.
	Settings Settings
	// Project is the Google Cloud project's id, Region for example "us-central1".
	Project, Region string
	// Services are the enabled APIs that everything waits for.
	Services []pulumi.Resource
	// Asking is the provider that looks up what exists, before any API is enabled.
	Asking pulumi.ProviderResource
}

// Network is the declared or adopted network.
type Network struct {
	pulumi.ResourceState

	// NetworkID is "projects/P/global/networks/N", NetworkName its last part.
	NetworkID, NetworkName pulumi.StringOutput
	// SubnetworkID is "projects/P/regions/R/subnetworks/S".
	SubnetworkID pulumi.StringOutput
	// PodsRangeName and ServicesRangeName are the subnet's secondary ranges for a
	// cluster of our own.
	PodsRangeName, ServicesRangeName string
	// PrivateServicesRange is the CIDR in which Cloud SQL and Memorystore get
	// their addresses, PrivateServicesRangeName the name of its reservation.
	PrivateServicesRange, PrivateServicesRangeName pulumi.StringOutput
	// PrivateServices must exist before anything takes an address out of the
	// range; empty when the range is adopted.
	PrivateServices []pulumi.Resource
	// EdgeAddress is the load balancer's IPv4 address, EdgeAddressName its name.
	EdgeAddress, EdgeAddressName pulumi.StringOutput
	// SSLPolicyName is the TLS policy for the load balancer.
	SSLPolicyName pulumi.StringOutput
}

// vpc is the part of the network that the other parts belong to.
type vpc struct {
	networkID, networkName, networkLink, subnetworkID pulumi.StringOutput
}

// New declares the network layer.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Network, error) {
	n := &Network{}
	if err := ctx.RegisterComponentResource("licensing:network:Network", name, n, opts...); err != nil {
		return nil, fmt.Errorf("register network %q: %w", name, err)
	}
	b := builder{ctx: ctx, name: name, args: args, settings: args.Settings, parent: n}
	for _, declare := range []func(*Network) error{
		b.declareVPC, b.declarePrivateServices, b.declareNAT, b.declarePrivateGoogleAPIs, b.declareFirewall, b.declareEdge,
	} {
		if err := declare(n); err != nil {
			return nil, fmt.Errorf("declare network %q: %w", name, err)
		}
	}
	n.PodsRangeName, n.ServicesRangeName = args.Settings.podsRangeName(), args.Settings.servicesRangeName()
	err := ctx.RegisterResourceOutputs(n, pulumi.Map{
		"networkName":          n.NetworkName,
		"edgeAddress":          n.EdgeAddress,
		"privateServicesRange": n.PrivateServicesRange,
	})
	if err != nil {
		return nil, fmt.Errorf("register the outputs of network %q: %w", name, err)
	}
	return n, nil
}

// builder carries what every part needs while one Network is declared.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	settings Settings
	parent   pulumi.Resource
	vpc      vpc
}

// options are those of every child; the first children wait for the APIs and
// the others for the first children.
func (b *builder) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.DependsOn(b.args.Services)}, more...)
}
