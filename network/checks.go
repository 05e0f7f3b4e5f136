package network

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/dns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// Names of the checks of what a network has already.
const (
	CheckSubnet       = "subnet"
	CheckPeeredRanges = "peeredRanges"
	CheckPrivateZones = "privateZones"
	CheckEdgeAddress  = "edgeAddress"
	CheckSSLPolicy    = "sslPolicy"
	CheckRanges       = "ranges"
)

// CheckArgs is what the checks compare.
type CheckArgs struct {
	// Settings must be valid.
	Settings Settings
	// Project is the Google Cloud project's id, Region the region of the subnet.
	Project, Region string
	// AddressInUse says that an existing load balancer holds the address.
	AddressInUse bool
	// LastAddress is the load balancer's address of the last update; empty before the first
	// one.
	LastAddress string
	// Database returns the address of the database, "" when it does not exist yet; nil skips the
	// question.
	Database func() (string, error)
}

// Checks compares the settings with the network and the address that exist. Of
// what the stack created the ranges are compared, which stay as they were made, and the
// load balancer's address, where DNS records lead.
func Checks(ctx *pulumi.Context, args CheckArgs, opts ...pulumi.InvokeOption) (checks setting.Checks) {
	checker := checker{ctx: ctx, CheckArgs: args, opts: opts}
	checks = setting.Checks{{Name: CheckRanges, Look: checker.ranges}}
	if args.Settings.Adopt {
		checks = append(checks,
			setting.Check{Name: CheckSubnet, Look: checker.subnet},
			setting.Check{Name: CheckPeeredRanges, Look: checker.peeredRanges})
	}
	if args.Settings.Adopt && args.Settings.zones() {
		checks = append(checks, setting.Check{Name: CheckPrivateZones, Look: checker.privateZones})
	}
	if args.Settings.EdgeAddress.Adopt {
		checks = append(checks, setting.Check{Name: CheckEdgeAddress, Look: checker.edgeAddress})
	}
	if args.LastAddress != "" {
		checks = append(checks, setting.Check{Name: CheckEdgeAddress, Look: checker.sameAddress})
	}
	if args.Settings.SSLPolicy != "" {
		checks = append(checks, setting.Check{Name: CheckSSLPolicy, Look: checker.sslPolicy})
	}
	return checks
}

type checker struct {
	CheckArgs
	ctx  *pulumi.Context
	opts []pulumi.InvokeOption
}

// subnet checks that network and subnet are somebody else's and belong together, and that the
// subnet has Private Google Access, without which its machines and pods cannot reach Google's APIs at private addresses
// (https://cloud.google.com/vpc/docs/private-google-access).
func (l checker) subnet() (ps setting.Problems, err error) {
	s := l.Settings
	found, err := compute.LookupSubnetwork(l.ctx, &compute.LookupSubnetworkArgs{Name: &s.Subnetwork, Region: &l.Region, Project: &l.Project}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("network.subnetwork = %q: look up the subnet: %w", s.Subnetwork, err)
	}
	whole, err := compute.LookupNetwork(l.ctx, &compute.LookupNetworkArgs{Name: s.Name, Project: &l.Project}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("network.name = %q: look up the network: %w", s.Name, err)
	}
	if whole.Description == networkDescription {
		ps.Add("network.adopt", true, "network "+s.Name+" was made by a stack of the platform, which would delete its subnet and it", "false, or the network of somebody else")
	}
	if in := path.Base(found.Network); in != s.Name {
		ps.Add("network.subnetwork", s.Subnetwork, "belongs to the network "+in, "a subnet of network.name "+s.Name)
	}
	if s.PrivateGoogleAPIs && !found.PrivateIpGoogleAccess {
		ps.Add("network.subnetwork", s.Subnetwork, "has no Private Google Access, so the pods on it would not reach Google's APIs at "+s.GoogleAPIs(),
			"a subnet with it; its owner can switch it on: gcloud compute networks subnets update "+s.Subnetwork+" --enable-private-ip-google-access --region="+l.Region+" --project="+l.Project)
	}
	return ps, nil
}

// reservedRange is a range of the network for private services access.
type reservedRange struct{ name, cidr string }

// peeredRanges checks that the settings name every range that the network has reserved
// for Google's managed services. A network has one connection to these services, and
// every write of it lists all of its ranges: a range that is not listed is removed
// (https://cloud.google.com/service-infrastructure/docs/service-networking/reference/rest/v1/services.connections/patch).
func (l checker) peeredRanges() (ps setting.Problems, err error) {
	s := l.Settings
	reserved, err := l.reserved()
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(reserved, func(r reservedRange) bool { return r.name == name })
	}
	var all []string
	for _, r := range reserved {
		all = append(all, r.name+" ("+r.cidr+")")
		if s.PrivateServicesRange != "" && r.name != s.reservedName() && !slices.Contains(s.StayingPrivateServicesRanges, r.name) {
			ps.Add("network.stayingPrivateServicesRanges", s.StayingPrivateServicesRanges,
				"leaves out "+r.name+" ("+r.cidr+"), which network "+s.Name+" has reserved for Google's managed services and would lose",
				"a list with "+r.name+", or network.privateServicesRangeName: "+r.name+" to use that range instead of network.privateServicesRange")
		}
		if prefix, err := netip.ParsePrefix(r.cidr); err == nil && r.name == s.PrivateServicesRangeName && prefix.Bits() > narrowestPrivateServices {
			ps.Add("network.privateServicesRangeName", r.name, "is "+r.cidr+", in which only one of the database and the cache finds room",
				fmt.Sprintf("a range of a /%d or wider, or network.privateServicesRange to reserve one beside it", narrowestPrivateServices))
		}
	}
	there := "one of " + strings.Join(all, ", ")
	if len(all) == 0 {
		there = "nothing: no range is reserved there"
	}
	for _, name := range s.StayingPrivateServicesRanges {
		if !has(name) {
			ps.Add("network.stayingPrivateServicesRanges", name, "is not reserved for Google's managed services in network "+s.Name, there)
		}
	}
	if name := s.PrivateServicesRangeName; name != "" && !has(name) {
		ps.Add("network.privateServicesRangeName", name, "is not reserved for Google's managed services in network "+s.Name, there)
	}
	return ps, nil
}

// reserved lists the network's ranges for private services access. Google's list
// does not say which network an address belongs to, so each is looked up.
func (l checker) reserved() (ranges []reservedRange, err error) {
	filter := `purpose = "VPC_PEERING"`
	listed, err := compute.GetAddresses(l.ctx, &compute.GetAddressesArgs{Project: &l.Project, Filter: &filter}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("platform.project = %q: list the reserved ranges: %w", l.Project, err)
	}
	for _, address := range listed.Addresses {
		found, err := compute.LookupGlobalAddress(l.ctx, &compute.LookupGlobalAddressArgs{Name: address.Name, Project: &l.Project}, l.opts...)
		if err != nil {
			return nil, fmt.Errorf("look up the reserved range %s: %w", address.Name, err)
		}
		if path.Base(found.Network) == l.Settings.Name && found.Purpose == "VPC_PEERING" {
			ranges = append(ranges, reservedRange{name: address.Name, cidr: fmt.Sprintf("%s/%d", found.Address, found.PrefixLength)})
		}
	}
	slices.SortFunc(ranges, func(a, b reservedRange) int { return strings.Compare(a.name, b.name) })
	return ranges, nil
}

// privateZones checks that no private zone exists yet for the domains of the zones that
// the settings declare.
func (l checker) privateZones() (ps setting.Problems, err error) {
	listed, err := dns.GetManagedZones(l.ctx, &dns.GetManagedZonesArgs{Project: &l.Project}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("platform.project = %q: list the DNS zones: %w", l.Project, err)
	}
	for _, found := range listed.ManagedZones {
		name := ""
		if found.Name != nil {
			name = *found.Name
		}
		for _, ours := range l.Settings.privateZones() {
			if found.Visibility == "private" && found.DnsName == ours.domain && name != l.Settings.zoneName(ours) {
				ps.Add("network.privateZonesForAll", true, "the project has a private zone for "+ours.domain+" already: "+name,
					"network.privateZonesForAll: false")
			}
		}
	}
	return ps, nil
}

// edgeAddress checks that the load balancer's address is public and, when an existing
// Ingress has it, in use.
func (l checker) edgeAddress() (ps setting.Problems, err error) {
	name := l.Settings.EdgeAddress.Name
	found, err := compute.LookupGlobalAddress(l.ctx, &compute.LookupGlobalAddressArgs{Name: name, Project: &l.Project}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("network.edgeAddress.name = %q: look up the address: %w", name, err)
	}
	if found.AddressType != "EXTERNAL" {
		ps.Add("network.edgeAddress.name", name, "is not a valid public address: "+found.AddressType, "the name of a global external address")
	}
	if l.AddressInUse && found.Status != "IN_USE" {
		ps.Add("network.edgeAddress.name", name, "is not in use ("+found.Status+"), but kubernetes.ingress.adopt says that an Ingress uses it",
			"the address of that Ingress: kubectl get ingress --all-namespaces")
	}
	return ps, nil
}

// sslPolicy checks that the load balancer's SSL policy exists, because otherwise the load
// balancer silently keeps the former policy. It also checks that the policy refuses
// versions older than TLS 1.2.
func (l checker) sslPolicy() (ps setting.Problems, err error) {
	name := l.Settings.SSLPolicy
	found, err := compute.LookupSSLPolicy(l.ctx, &compute.LookupSSLPolicyArgs{Name: name, Project: &l.Project}, l.opts...)
	if err != nil {
		return nil, fmt.Errorf("network.sslPolicy = %q: look up the SSL policy: %w", name, err)
	}
	if allowed := []string{"TLS_1_2", "TLS_1_3"}; !slices.Contains(allowed, found.MinTlsVersion) {
		ps.Add("network.sslPolicy", name, "lets clients speak "+found.MinTlsVersion, "an SSL policy whose minimum version is one of "+strings.Join(allowed, ", "))
	}
	return ps, nil
}
