package gcp

import (
	"context"
	"net/netip"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeSubnetwork is a subnet of a VPC network.
const TypeSubnetwork = "gcp:compute/subnetwork:Subnetwork"

func (w *Cloud) subnetwork() provider.Kind {
	return provider.Kind{
		Type: TypeSubnetwork, NameProperty: "name", ID: regional("subnetworks"),
		Free:     "networks and their rules are free",
		Replaces: narrows("ipCidrRange"),
		Computed: []string{"selfLink", "gatewayAddress", "creationTimestamp", "fingerprint", "internalIpv6Prefix", "ipv6CidrRange"},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["region"] = d.Region()
			d.Outputs["selfLink"] = computeLink + regional("subnetworks")(d)
			if cidr, err := netip.ParsePrefix(d.Inputs.Text("ipCidrRange")); err == nil {
				d.Outputs["gatewayAddress"] = cidr.Masked().Addr().Next().String()
			}
			return nil
		},
	}
}
