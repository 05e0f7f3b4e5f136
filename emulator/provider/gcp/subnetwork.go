package gcp

import (
	"context"
	"maps"
	"net/netip"
	"slices"

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
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			names := map[string]bool{}
			for i, item := range d.Inputs.List("secondaryIpRanges") {
				declared, _ := item.(map[string]any)
				name := provider.Properties(declared).Text("rangeName")
				if name != "" && names[name] {
					failures = append(failures, provider.Refuse("secondaryIpRanges", "Error 400: Invalid value for field 'resource.secondaryIpRanges[%d].rangeName': '%s'. Another range has this name", i, name))
				}
				names[name] = true
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			if err := w.keepSecondaryRanges(d); err != nil {
				return err
			}
			d.Outputs["region"] = d.Region()
			d.Outputs["selfLink"] = computeLink + regional("subnetworks")(d)
			if cidr, err := netip.ParsePrefix(d.Inputs.Text("ipCidrRange")); err == nil {
				d.Outputs["gatewayAddress"] = cidr.Masked().Addr().Next().String()
			}
			return nil
		},
	}
}

// keepSecondaryRanges refuses to change a secondary range, in the words of
// https://github.com/hashicorp/terraform-provider-kubernetes/issues/565, and to give one
// another name (https://github.com/hashicorp/terraform-provider-google/issues/2570).
func (w *Cloud) keepSecondaryRanges(d *provider.Draft) error {
	present, exists := w.Store.Get(TypeSubnetwork, regional("subnetworks")(d))
	if !d.Exists || !exists {
		return nil
	}
	was, is := secondaryRanges(present.Outputs), secondaryRanges(d.Inputs)
	var added, removed []string
	for i, name := range slices.Sorted(maps.Keys(is)) {
		before, known := was[name]
		if known && before != is[name] {
			return apiError(400, "Invalid value for field 'resource.secondaryIpRanges[%d].ipCidrRange': '%s'. Existing secondary range cannot be modified: %[2]s., invalid", i, is[name])
		}
		if !known {
			added = append(added, is[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, stays := is[name]; !stays {
			removed = append(removed, was[name])
		}
	}
	if len(added) > 0 && len(removed) > 0 {
		return apiError(400, "Invalid value for field 'resource.secondaryIpRanges': ''. Cannot add and remove secondary IP ranges in the same request. Added ranges: %v. Removed ranges: %v., invalid", added, removed)
	}
	return nil
}

// secondaryRanges are the secondary ranges of a subnet by their names.
func secondaryRanges(subnet provider.Properties) map[string]string {
	ranges := map[string]string{}
	for _, item := range subnet.List("secondaryIpRanges") {
		declared, _ := item.(map[string]any)
		one := provider.Properties(declared)
		ranges[one.Text("rangeName")] = one.Text("ipCidrRange")
	}
	return ranges
}
