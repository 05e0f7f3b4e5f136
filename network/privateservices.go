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
		Name:         pulumi.String(b.settings.reservedName()),
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
	// A VPC has one such connection, and every write sets all of its ranges. When
	// creation fails because it exists, the provider may write it anew only where nobody
	// else has a range, or where theirs are named
	// (google-beta/services/servicenetworking/resource_service_networking_connection.go,
	// Create). It stays after a destroy, because Google refuses to delete it while an
	// instance uses it, or used it some hours ago.
	ranges := pulumi.StringArray{}
	for _, name := range b.settings.StayingPrivateServicesRanges {
		ranges = append(ranges, pulumi.String(name))
	}
	connection, err := servicenetworking.NewConnection(b.ctx, b.name+"-private-services", &servicenetworking.ConnectionArgs{
		Network:               b.vpc.networkID,
		Service:               pulumi.String("servicenetworking.googleapis.com"),
		ReservedPeeringRanges: append(ranges, reserved.Name),
		UpdateOnCreationFail:  pulumi.Bool(!b.settings.Adopt || len(ranges) > 0),
		DeletionPolicy:        pulumi.String("ABANDON"),
	}, append(b.options(), pulumi.IgnoreChanges(b.othersRanges()))...)
	if err != nil {
		return err
	}
	n.PrivateServicesRange = pulumi.Sprintf("%s/%d", reserved.Address, reserved.PrefixLength)
	n.PrivateServicesRangeName = reserved.Name
	n.PrivateServices = []pulumi.Resource{connection}
	return nil
}

// othersRanges is the property of a connection that others write, too: only its creation
// adds our range. Google lists the ranges in an order of its own. The provider (v5.42)
// takes that for a change at every update, and would write the declared ranges over those
// that others have added since
// (https://github.com/hashicorp/terraform-provider-google/issues/20398).
func (b *builder) othersRanges() []string {
	if !b.settings.Adopt {
		return nil
	}
	return []string{"reservedPeeringRanges"}
}
