package gcp

import (
	"context"
	"net/netip"

	"github.com/coditect-ai/license-platform/local/provider"
)

// TypeSubnetwork is a subnet of a VPC network.
const TypeSubnetwork = "gcp:compute/subnetwork:Subnetwork"

func (w *World) subnetwork() provider.Kind {
	return provider.Kind{
		Type: TypeSubnetwork, NameProperty: "name", ID: regional("subnetworks"),
		Required:  []string{"ipCidrRange", "network"},
		Immutable: []string{"name", "project", "region", "network", "purpose", "description"},
		Replaces:  narrows("ipCidrRange"),
		Computed:  []string{"selfLink", "gatewayAddress", "creationTimestamp", "fingerprint", "internalIpv6Prefix", "ipv6CidrRange"},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "name", computeName)
			if cidr := d.Inputs.Text("ipCidrRange"); cidr != "" {
				if _, err := netip.ParsePrefix(cidr); err != nil {
					failures = append(failures, provider.Refuse("ipCidrRange", "Error 400: Invalid value for field 'resource.ipCidrRange': '%s'. Must be a CIDR address range", cidr))
				}
			}
			return failures
		},
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
