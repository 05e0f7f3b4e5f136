package network

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareNAT gives machines without a public address a way out, and logs who
// took it.
func (b *builder) declareNAT(*Network) error {
	if !b.settings.NAT {
		return nil
	}
	router, err := compute.NewRouter(b.ctx, b.name, &compute.RouterArgs{
		Name:    pulumi.String(derived(b.settings.Name, "-license-router")),
		Network: b.vpc.networkID,
		Region:  pulumi.String(b.args.Region),
	}, b.options()...)
	if err != nil {
		return err
	}
	_, err = compute.NewRouterNat(b.ctx, b.name, &compute.RouterNatArgs{
		Name:                          pulumi.String(derived(b.settings.Name, "-license-nat")),
		Router:                        router.Name,
		Region:                        pulumi.String(b.args.Region),
		NatIpAllocateOption:           pulumi.String("AUTO_ONLY"),
		SourceSubnetworkIpRangesToNat: pulumi.String("LIST_OF_SUBNETWORKS"),
		Subnetworks: compute.RouterNatSubnetworkArray{compute.RouterNatSubnetworkArgs{
			Name:                 b.vpc.subnetworkID,
			SourceIpRangesToNats: pulumi.StringArray{pulumi.String("ALL_IP_RANGES")},
		}},
		LogConfig: compute.RouterNatLogConfigArgs{Enable: pulumi.Bool(true), Filter: pulumi.String("ALL")},
	}, b.options()...)
	return err
}
