package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/servicenetworking"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declarePrivateServices reserves the range for Google's managed services and
// peers the VPC with them, or looks up a range for which that is done.
func (b *builder) declarePrivateServices(n *Network) error {
	if b.settings.PrivateServicesRangeName != "" {
		found := compute.LookupGlobalAddressOutput(b.ctx, compute.LookupGlobalAddressOutputArgs{
			Name:    pulumi.String(b.settings.PrivateServicesRangeName),
			Project: pulumi.String(b.args.Project),
		}, pulumi.Parent(b.parent))
		n.PrivateServicesRange = pulumi.Sprintf("%s/%d", found.Address(), found.PrefixLength())
		n.PrivateServicesRangeName = found.Name()
		return nil
	}
	prefix, err := netip.ParsePrefix(b.settings.PrivateServicesRange)
	if err != nil {
		return fmt.Errorf("parse network.privateServicesRange: %w", err)
	}
	reserved, err := compute.NewGlobalAddress(b.ctx, b.name+"-private-services", &compute.GlobalAddressArgs{
		Name:         pulumi.String(b.settings.Name + "-license-services"),
		Description:  pulumi.String("Cloud SQL and Memorystore of the license platform"),
		Purpose:      pulumi.String("VPC_PEERING"),
		AddressType:  pulumi.String("INTERNAL"),
		Address:      pulumi.String(prefix.Addr().String()),
		PrefixLength: pulumi.Int(prefix.Bits()),
		Network:      b.vpc.networkID,
	}, b.options()...)
	if err != nil {
		return err
	}
	// A VPC has one such connection. When the network had it before us, our range
	// joins it; and it outlives us, since Google refuses to cut it as long as one
	// instance lives, or lived some hours ago, behind it.
	connection, err := servicenetworking.NewConnection(b.ctx, b.name+"-private-services", &servicenetworking.ConnectionArgs{
		Network:               b.vpc.networkID,
		Service:               pulumi.String("servicenetworking.googleapis.com"),
		ReservedPeeringRanges: pulumi.StringArray{reserved.Name},
		UpdateOnCreationFail:  pulumi.Bool(true),
		DeletionPolicy:        pulumi.String("ABANDON"),
	}, b.options()...)
	if err != nil {
		return err
	}
	n.PrivateServicesRange = pulumi.Sprintf("%s/%d", reserved.Address, reserved.PrefixLength)
	n.PrivateServicesRangeName = reserved.Name
	n.PrivateServices = []pulumi.Resource{connection}
	return nil
}
