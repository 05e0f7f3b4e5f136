package network

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareVPC creates or looks up the VPC and its subnet.
func (b *builder) declareVPC(n *Network) error {
	declare := b.createVPC
	if b.settings.Adopt {
		declare = b.adoptVPC
	}
	v, err := declare()
	if err != nil {
		return err
	}
	b.vpc = v
	n.NetworkID, n.NetworkName, n.SubnetworkID = v.networkID, v.networkName, v.subnetworkID
	return nil
}

// adoptVPC reads the existing network and does not change it.
func (b *builder) adoptVPC() (vpc, error) {
	lookup := pulumi.Parent(b.parent)
	found := compute.LookupNetworkOutput(b.ctx, compute.LookupNetworkOutputArgs{
		Name:    pulumi.String(b.settings.Name),
		Project: pulumi.String(b.args.Project),
	}, lookup)
	subnet := compute.LookupSubnetworkOutput(b.ctx, compute.LookupSubnetworkOutputArgs{
		Name:    pulumi.String(b.settings.Subnetwork),
		Region:  pulumi.String(b.args.Region),
		Project: pulumi.String(b.args.Project),
	}, lookup)
	return vpc{
		networkID:    found.Id(),
		networkName:  found.Name(),
		networkLink:  found.SelfLink(),
		subnetworkID: subnet.Id(),
	}, nil
}

// networkDescription tells a network that a stack made from others.
const networkDescription = "License platform"

// createVPC declares a network with one subnet, whose flows are logged and
// whose machines reach Google's APIs without a public address.
func (b *builder) createVPC() (vpc, error) {
	network, err := compute.NewNetwork(b.ctx, b.name, &compute.NetworkArgs{
		Name:                  pulumi.String(b.settings.Name),
		Description:           pulumi.String(networkDescription),
		AutoCreateSubnetworks: pulumi.Bool(false),
		RoutingMode:           pulumi.String("REGIONAL"),
	}, b.options()...)
	if err != nil {
		return vpc{}, err
	}
	subnet, err := compute.NewSubnetwork(b.ctx, b.name, &compute.SubnetworkArgs{
		Name:                  pulumi.String(b.settings.Subnetwork),
		Network:               network.ID(),
		Region:                pulumi.String(b.args.Region),
		IpCidrRange:           pulumi.String(b.settings.NodesRange),
		PrivateIpGoogleAccess: pulumi.Bool(true),
		StackType:             pulumi.String("IPV4_ONLY"),
		SecondaryIpRanges: compute.SubnetworkSecondaryIpRangeArray{
			compute.SubnetworkSecondaryIpRangeArgs{
				RangeName: pulumi.String(b.settings.podsRangeName()), IpCidrRange: pulumi.String(b.settings.PodsRange),
			},
			compute.SubnetworkSecondaryIpRangeArgs{
				RangeName: pulumi.String(b.settings.servicesRangeName()), IpCidrRange: pulumi.String(b.settings.ServicesRange),
			},
		},
		LogConfig: compute.SubnetworkLogConfigArgs{
			AggregationInterval: pulumi.String("INTERVAL_5_SEC"),
			FlowSampling:        pulumi.Float64(0.5),
			Metadata:            pulumi.String("INCLUDE_ALL_METADATA"),
		},
	}, b.options()...)
	if err != nil {
		return vpc{}, err
	}
	return vpc{
		networkID:    network.ID().ToStringOutput(),
		networkName:  network.Name,
		networkLink:  network.SelfLink,
		subnetworkID: subnet.ID().ToStringOutput(),
	}, nil
}
