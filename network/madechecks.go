package network

import (
	"fmt"
	"maps"
	"net/netip"
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
	if err == nil && len(services) == 0 {
		services, err = l.databaseRange()
	}
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

// databaseRange checks that the database, and with it the cache, is where the pods may reach it:
// they may reach one range, and neither of the two ever gets another address. So a platform
// that has its addresses in a range of somebody else's gets none of its own, and the other way
// round.
func (l checker) databaseRange() (ps setting.Problems, err error) {
	if l.Database == nil {
		return nil, nil
	}
	text, err := l.Database()
	address, unknown := netip.ParseAddr(text)
	if err != nil || unknown != nil {
		return nil, err
	}
	s := l.Settings
	key, set, wanted := "network.privateServicesRange", s.PrivateServicesRange, s.PrivateServicesRange
	if s.PrivateServicesRange == "" {
		key, set = "network.privateServicesRangeName", s.PrivateServicesRangeName
	}
	ranges, err := l.reserved()
	if err != nil {
		return nil, err
	}
	holder := reservedRange{}
	for _, r := range ranges {
		if r.name == s.PrivateServicesRangeName {
			wanted = r.cidr
		}
		if contains(r.cidr, address) {
			holder = r
		}
	}
	if contains(wanted, address) || wanted == "" { // a name that is no range's is told by another check
		return nil, nil
	}
	allowed := "the range that has " + text
	switch holder.name {
	case "":
	case s.reservedName():
		allowed = "network.privateServicesRange: " + holder.cidr
	default:
		allowed = "network.privateServicesRangeName: " + holder.name + ", and no network.privateServicesRange"
	}
	ps.Add(key, set, "does not have "+text+", the address of the database. Database and cache keep their addresses, and the pods would reach neither", allowed)
	return ps, nil
}

func contains(cidr string, address netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(address)
}

// nodesRange checks the range of the nodes. Compute Engine can only widen it
// (https://cloud.google.com/vpc/docs/create-modify-vpc-networks#expand-subnet). For any other change the provider
// replaces the subnet, and the cluster in it would be deleted first
// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/compute/resource_compute_subnetwork.go,
// IsShrinkageIpCidr).
func (s Settings) nodesRange(made string) (ps setting.Problems) {
	was, err := netip.ParsePrefix(made)
	if err != nil || wider(s.NodesRange, was) {
		return nil
	}
	ps.Add("network.nodesRange", s.NodesRange, "was "+made+" when "+s.Subnetwork+" was made: Google can only make it wider, and the cluster would be deleted for another subnet",
		made+", or a wider range around it")
	return ps
}

func wider(cidr string, was netip.Prefix) bool {
	is, err := netip.ParsePrefix(cidr)
	return err == nil && is.Bits() <= was.Bits() && is.Contains(was.Addr())
}

// sameAddress checks that the load balancer keeps its address: the DNS records of all hosts
// lead there, and an address that the stack releases never comes back.
func (l checker) sameAddress() (ps setting.Problems, err error) {
	edge := l.Settings.EdgeAddress
	filter := fmt.Sprintf("address = %q", l.LastAddress)
	listed, err := compute.GetAddresses(l.ctx, &compute.GetAddressesArgs{Project: &l.Project, Filter: &filter}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("network.edgeAddress.name = %q: look for the address of the last update, %s: %w", edge.Name, l.LastAddress, err)
	}
	was, ours := "", false
	for _, found := range listed.Addresses {
		if found.Name == edge.Name || was == "" {
			was, ours = found.Name, found.Description == edgeDescription
		}
	}
	switch {
	case was != "" && was != edge.Name:
		ps.Add("network.edgeAddress.name", edge.Name, "was "+was+" in the last update ("+l.LastAddress+"): the DNS records of all hosts lead there, and nobody would answer", was+"; docs/later.md")
	case was != "" && ours && edge.Adopt:
		ps.Add("network.edgeAddress.adopt", true, "the address "+was+" ("+l.LastAddress+") was made by a stack of the platform, which would give it up", "false")
	}
	return ps, nil
}

// subnetRanges checks the ranges of a subnet that an earlier update created. Compute
// Engine changes no secondary one
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
	ps = append(ps, s.nodesRange(found.IpCidrRange)...)
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
			ps.Add(r.key+"Name", r.name, "is not a range of the subnet "+s.Subnetwork+", and Google gives none another name",
				"one of "+strings.Join(slices.Sorted(maps.Keys(made)), ", "))
		case is != r.cidr:
			ps.Add(r.key, r.cidr, "was "+is+" when "+s.Subnetwork+" was made, which Google never changes", is)
		}
	}
	return ps, nil
}
