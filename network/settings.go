package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says which network the platform is in: one that it creates, or an existing one
// that it adopts by name without changing it.
type Settings struct {
	// Adopt is true when Name and Subnetwork already exist and stay as they are,
	// because another owner's cluster uses them.
	Adopt bool `json:"adopt"`
	// Name of the VPC, 1 to 63 characters of RFC 1035.
	Name string `json:"name"`
	// Subnetwork is the name of the subnet in the platform's region.
	Subnetwork string `json:"subnetwork"`
	// NodesRange is the IPv4 CIDR of a created subnet. Empty when adopting.
	NodesRange string `json:"nodesRange,omitempty"`
	// PodsRange is the IPv4 CIDR of a created subnet's secondary range for pods.
	// Empty when adopting.
	PodsRange string `json:"podsRange,omitempty"`
	// ServicesRange is the IPv4 CIDR of a created subnet's secondary range for
	// Services. Empty when adopting.
	ServicesRange string `json:"servicesRange,omitempty"`
	// PodsRangeName names the secondary range for pods; default "pods".
	PodsRangeName string `json:"podsRangeName,omitempty"`
	// ServicesRangeName names the secondary range for Services; default
	// "services".
	ServicesRangeName string `json:"servicesRangeName,omitempty"`
	// PrivateServicesRange is the IPv4 CIDR, /23 or wider, that is reserved for
	// Google's managed services (Cloud SQL, Memorystore). Exactly one of it and
	// PrivateServicesRangeName is set.
	PrivateServicesRange string `json:"privateServicesRange,omitempty"`
	// PrivateServicesRangeName names an existing reservation that is already
	// connected to Google's managed services.
	PrivateServicesRangeName string `json:"privateServicesRangeName,omitempty"`
	// StayingPrivateServicesRanges names the ranges that an adopted network has
	// reserved for Google's managed services already, with PrivateServicesRange. The
	// network has one connection to those services: every write of it has to name
	// all ranges, and one that is not named is dropped.
	StayingPrivateServicesRanges []string `json:"stayingPrivateServicesRanges,omitempty"`
	// EdgeAddress is the global IPv4 address of the load balancer.
	EdgeAddress EdgeAddress `json:"edgeAddress"`
	// SSLPolicy names an existing SSL policy of the project for the load balancer,
	// from TLS 1.2 on, for example one with TLS 1.3 only. Empty: one with profile
	// RESTRICTED from TLS 1.2 is created, which is the strictest that pulumi-gcp v7
	// can declare.
	SSLPolicy string `json:"sslPolicy,omitempty"`
	// NAT declares Cloud Router and Cloud NAT; off when an adopted network has
	// its own (a subnet range can be served by one NAT gateway only).
	NAT bool `json:"nat"`
	// PrivateGoogleAPIs lets the platform's pods find Google's APIs at
	// GoogleAPIsRange: in a created network by private DNS zones for googleapis.com
	// and pkg.dev, in an adopted one by host aliases of those pods alone. Off when
	// an adopted network resolves them there already.
	PrivateGoogleAPIs bool `json:"privateGoogleApis"`
	// PrivateZonesForAll declares these zones in an adopted network, too. Then every
	// pod and machine of it, also those of others, is sent to GoogleAPIsRange. With
	// PrivateGoogleAPIs only.
	PrivateZonesForAll bool `json:"privateZonesForAll,omitempty"`
	// GoogleAPIsRange is where the pods reach Google's APIs; default
	// 199.36.153.8/30, private.googleapis.com
	// (https://cloud.google.com/vpc/docs/configure-private-google-access).
	GoogleAPIsRange string `json:"googleApisRange,omitempty"`
}

// EdgeAddress is the load balancer's global static address.
type EdgeAddress struct {
	// Name of the address, 1 to 63 characters of RFC 1035.
	Name string `json:"name"`
	// Adopt is true when the address exists and is shared.
	Adopt bool `json:"adopt"`
	// DeletionProtection keeps Pulumi from deleting a created address: once
	// released, the same address cannot be reserved again. Default true.
	DeletionProtection *bool `json:"deletionProtection,omitempty"`
}

// Protected says whether a created address is guarded from deletion.
func (e EdgeAddress) Protected() bool {
	return e.DeletionProtection == nil || *e.DeletionProtection
}

// Names and ranges that hold when the settings say nothing else.
const (
	// PrivateGoogleAPIsVIP is the range of private.googleapis.com, which serves
	// most of Google's APIs and Artifact Registry.
	PrivateGoogleAPIsVIP = "199.36.153.8/30"
	// restrictedGoogleAPIsVIP is the range of restricted.googleapis.com, which serves
	// only what VPC Service Controls can protect and a list of services beside it
	// (https://cloud.google.com/vpc-service-controls/docs/restricted-vip-services).
	restrictedGoogleAPIsVIP = "199.36.153.4/30"

	defaultPodsRangeName     = "pods"
	defaultServicesRangeName = "services"

	// narrowestPrivateServices has a /24, which Cloud SQL takes for itself in each region,
	// and addresses for Memorystore beside it, which would else end with "Couldn't find free
	// blocks in allocated IP ranges"
	// (https://cloud.google.com/sql/docs/postgres/private-ip#allocated_range_size,
	// https://github.com/sassoftware/viya4-iac-gcp/pull/194).
	narrowestPrivateServices = 23
	// narrowestPods has addresses for the nodes of three zones, one each: GKE gives a
	// node a /24 (https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr).
	narrowestPods = 22
	// narrowestServices is GKE's own bound
	// (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing_secondary_range_svcs).
	narrowestServices = 27
	// widestPods and widestServices are GKE's own bounds, too
	// (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing).
	widestPods     = 9
	widestServices = 16
)

// Validate lists every mistake, with keys below "network".
func (s Settings) Validate() setting.Problems {
	var ps setting.Problems
	for _, named := range []struct {
		key, value string
		optional   bool
	}{
		{key: "name", value: s.Name},
		{key: "subnetwork", value: s.Subnetwork},
		{key: "edgeAddress.name", value: s.EdgeAddress.Name},
		{key: "sslPolicy", value: s.SSLPolicy, optional: true},
		{key: "privateServicesRangeName", value: s.PrivateServicesRangeName, optional: true},
		{key: "podsRangeName", value: s.PodsRangeName, optional: true},
		{key: "servicesRangeName", value: s.ServicesRangeName, optional: true},
	} {
		if named.optional && named.value == "" {
			continue
		}
		requireName(&ps, named.key, named.value)
	}
	if s.EdgeAddress.Adopt && s.EdgeAddress.DeletionProtection != nil {
		ps.Add("edgeAddress.deletionProtection", *s.EdgeAddress.DeletionProtection, "an adopted address is never deleted", "nothing, or edgeAddress.adopt: false")
	}
	if s.SSLPolicy == ownSSLPolicy {
		ps.Add("sslPolicy", s.SSLPolicy, "is the policy that the platform creates itself and would delete now", "the name of another one, or nothing")
	}
	ps = append(ps, s.validateSubnetRanges()...)
	ps = append(ps, s.validatePrivateServices()...)
	ps = append(ps, s.validateGoogleAPIs()...)
	return append(ps, overlaps(s.ranges())...)
}

func (s Settings) validateSubnetRanges() (ps setting.Problems) {
	for _, r := range []struct {
		keyed
		narrowest, widest int
	}{
		{keyed{"nodesRange", s.NodesRange}, 29, 0},
		{keyed{"podsRange", s.PodsRange}, narrowestPods, widestPods},
		{keyed{"servicesRange", s.ServicesRange}, narrowestServices, widestServices},
	} {
		switch {
		case s.Adopt && r.value != "":
			ps.Add(r.key, r.value, "an adopted subnetwork keeps its own ranges", "nothing, or network.adopt: false")
		case !s.Adopt:
			requireSubnet(&ps, r.key, r.value, r.narrowest)
			requireWidth(&ps, r.key, r.value, r.widest)
		}
	}
	if s.podsRangeName() == s.servicesRangeName() {
		ps.Add("servicesRangeName", s.servicesRangeName(), "is the name of the range for pods, too", "a name of its own")
	}
	return ps
}

func (s Settings) validatePrivateServices() (ps setting.Problems) {
	const either = "exactly one of network.privateServicesRange (to reserve one) and network.privateServicesRangeName (to use a reserved one)"
	switch {
	case s.PrivateServicesRange == "" && s.PrivateServicesRangeName == "":
		ps.Add("privateServicesRange", "", "Cloud SQL and Redis need a range of private addresses", either)
	case s.PrivateServicesRange != "" && s.PrivateServicesRangeName != "":
		ps.Add("privateServicesRange", s.PrivateServicesRange, "a range is both reserved and adopted", either)
	case s.PrivateServicesRange != "":
		requireSubnet(&ps, "privateServicesRange", s.PrivateServicesRange, narrowestPrivateServices)
	}
	if len(s.StayingPrivateServicesRanges) > 0 && (!s.Adopt || s.PrivateServicesRange == "") {
		ps.Add("stayingPrivateServicesRanges", s.StayingPrivateServicesRanges, "only an adopted network with a new range keeps other ranges",
			"nothing, or network.adopt: true with network.privateServicesRange")
	}
	for i, name := range s.StayingPrivateServicesRanges {
		requireName(&ps, fmt.Sprintf("stayingPrivateServicesRanges[%d]", i), name)
		if name == s.reservedName() {
			ps.Add(fmt.Sprintf("stayingPrivateServicesRanges[%d]", i), name, "is the range of the platform itself", "the ranges of others")
		}
		if slices.Contains(s.StayingPrivateServicesRanges[:i], name) {
			ps.Add(fmt.Sprintf("stayingPrivateServicesRanges[%d]", i), name, "is listed twice", "every range once")
		}
	}
	return ps
}

func (s Settings) validateGoogleAPIs() (ps setting.Problems) {
	requireRange(&ps, "googleApisRange", s.GoogleAPIs(), 32)
	if s.PrivateZonesForAll && !(s.Adopt && s.PrivateGoogleAPIs) {
		ps.Add("privateZonesForAll", true, "a created network has the zones with network.privateGoogleApis", "false, or network.adopt and network.privateGoogleApis: true")
	}
	switch {
	case s.GoogleAPIs() == restrictedGoogleAPIsVIP:
		ps.Add("googleApisRange", s.GoogleAPIsRange, "restricted.googleapis.com does not list www.googleapis.com, where the API reads the public keys of ID tokens: nobody could sign in",
			PrivateGoogleAPIsVIP+", from which a perimeter of VPC Service Controls guards its services, too")
	case s.PrivateGoogleAPIs && s.GoogleAPIs() != PrivateGoogleAPIsVIP:
		ps.Add("googleApisRange", s.GoogleAPIsRange, "no DNS record can send googleapis.com there",
			PrivateGoogleAPIsVIP+", or network.privateGoogleApis: false")
	}
	return ps
}

// zones tells whether the whole network resolves Google's names to the private addresses.
func (s Settings) zones() bool { return s.PrivateGoogleAPIs && (!s.Adopt || s.PrivateZonesForAll) }

// AliasAddresses are where host aliases have to lead the platform's pods for
// Google's APIs; none where DNS leads them there.
func (s Settings) AliasAddresses() []string {
	prefix, err := netip.ParsePrefix(s.GoogleAPIs())
	if err != nil || !s.PrivateGoogleAPIs || s.zones() {
		return nil
	}
	return addresses(prefix)
}

// reservedName is the name of the range that is reserved for the platform.
func (s Settings) reservedName() string { return derived(s.Name, "-license-services") }

// GoogleAPIs returns GoogleAPIsRange or its default.
func (s Settings) GoogleAPIs() string {
	if s.GoogleAPIsRange == "" {
		return PrivateGoogleAPIsVIP
	}
	return s.GoogleAPIsRange
}

// ranges lists the declared ranges that must not share an address.
func (s Settings) ranges() []keyed {
	return []keyed{
		{"nodesRange", s.NodesRange},
		{"podsRange", s.PodsRange},
		{"servicesRange", s.ServicesRange},
		{"privateServicesRange", s.PrivateServicesRange},
		{"googleApisRange", s.GoogleAPIs()},
	}
}

func (s Settings) podsRangeName() string {
	if s.PodsRangeName == "" {
		return defaultPodsRangeName
	}
	return s.PodsRangeName
}

func (s Settings) servicesRangeName() string {
	if s.ServicesRangeName == "" {
		return defaultServicesRangeName
	}
	return s.ServicesRangeName
}
