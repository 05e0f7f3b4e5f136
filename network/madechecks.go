package network

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/taken"
)

// ranges checks that the ranges of addresses which earlier updates took stay as they are.
func (l checker) ranges() (ps setting.Problems, err error) {
	services, err := l.servicesRange()
	if err != nil || l.Settings.Adopt {
		return services, err
	}
	subnet, err := l.subnetRanges()
	return append(services, subnet...), err
}

// servicesRange checks the range that was reserved for the database and the cache. Both keep
// their addresses. Another range would leave them outside of what the pods may reach.
func (l checker) servicesRange() (ps setting.Problems, err error) {
	s := l.Settings
	found, err := compute.LookupGlobalAddress(l.ctx, &compute.LookupGlobalAddressArgs{Name: s.reservedName(), Project: &l.Project}, l.opts...)
	switch {
	case err != nil && taken.Absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("network.name = %q: look up the range %s: %w", s.Name, s.reservedName(), err)
	case path.Base(found.Network) != s.Name:
		return nil, nil
	}
	reserved := fmt.Sprintf("%s/%d", found.Address, found.PrefixLength)
	const stay = ", because the database and the cache keep their addresses in it, and the pods would not reach them outside of the range that is set"
	switch {
	case s.PrivateServicesRange == "":
		ps.Add("network.privateServicesRangeName", s.PrivateServicesRangeName, "the platform has reserved "+s.reservedName()+" ("+reserved+") already"+stay,
			"nothing, and network.privateServicesRange: "+reserved)
	case s.PrivateServicesRange != reserved:
		ps.Add("network.privateServicesRange", s.PrivateServicesRange, "is not the range that "+s.reservedName()+" was made with"+stay, reserved)
	}
	return ps, nil
}

// subnetRanges checks the secondary ranges of a subnet that an earlier update created. Compute
// Engine changes none of them
// (https://github.com/hashicorp/terraform-provider-kubernetes/issues/565), and takes no
// request that adds and removes ranges
// (https://github.com/hashicorp/terraform-provider-google/issues/2570).
func (l checker) subnetRanges() (ps setting.Problems, err error) {
	s := l.Settings
	found, err := compute.LookupSubnetwork(l.ctx, &compute.LookupSubnetworkArgs{Name: &s.Subnetwork, Region: &l.Region, Project: &l.Project}, l.opts...)
	switch {
	case err != nil && taken.Absent(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("network.subnetwork = %q: look up the subnet: %w", s.Subnetwork, err)
	case path.Base(found.Network) != s.Name || len(found.SecondaryIpRanges) == 0:
		return nil, nil // it is not of an earlier update
	}
	made := map[string]string{} // by name
	for _, r := range found.SecondaryIpRanges {
		made[r.RangeName] = r.IpCidrRange
	}
	for _, r := range []struct{ key, name, cidr string }{
		{"network.podsRange", s.podsRangeName(), s.PodsRange},
		{"network.servicesRange", s.servicesRangeName(), s.ServicesRange},
	} {
		is, known := made[r.name]
		switch {
		case !known:
			ps.Add(r.key+"Name", r.name, "is no range of the subnet "+s.Subnetwork+", and Google gives none another name",
				"one of "+strings.Join(slices.Sorted(maps.Keys(made)), ", "))
		case is != r.cidr:
			ps.Add(r.key, r.cidr, "was "+is+" when "+s.Subnetwork+" was made, which Google never changes", is)
		}
	}
	return ps, nil
}
