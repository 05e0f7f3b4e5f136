package network_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/network"
	"github.com/coditect-ai/license-platform/setting"
)

func created() network.Settings {
	return network.Settings{
		Name: "vpc", Subnetwork: "subnet", NodesRange: "10.0.0.0/20", PodsRange: "10.1.0.0/16", ServicesRange: "10.2.0.0/20",
		PrivateServicesRange: "10.3.0.0/20", EdgeAddress: network.EdgeAddress{Name: "edge"}, NAT: true, PrivateGoogleAPIs: true,
	}
}

func adopted() network.Settings {
	return network.Settings{
		Adopt: true, Name: "vpc", Subnetwork: "subnet", PrivateServicesRangeName: "services",
		EdgeAddress: network.EdgeAddress{Name: "edge", Adopt: true},
	}
}

func keys(problems setting.Problems) (all []string) {
	for _, p := range problems {
		all = append(all, p.Key)
	}
	return all
}

func TestACreatedAndAnAdoptedNetworkAreValid(t *testing.T) {
	t.Parallel()
	assert.Empty(t, created().Validate())
	assert.Empty(t, adopted().Validate())
}

func TestEveryMistakeIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*network.Settings)
		key    string
	}{
		"a name in capitals":           {func(s *network.Settings) { s.Name = "VPC" }, "name"},
		"a name that ends in a hyphen": {func(s *network.Settings) { s.Subnetwork = "subnet-" }, "subnetwork"},
		"no address at the edge":       {func(s *network.Settings) { s.EdgeAddress.Name = "" }, "edgeAddress.name"},
		"an adopted address guarded by us": {func(s *network.Settings) {
			s.EdgeAddress = network.EdgeAddress{Name: "shared", Adopt: true, DeletionProtection: new(bool)}
		}, "edgeAddress.deletionProtection"},
		"no range for nodes":                    {func(s *network.Settings) { s.NodesRange = "" }, "nodesRange"},
		"host bits in a range":                  {func(s *network.Settings) { s.PodsRange = "10.1.0.1/16" }, "podsRange"},
		"an IPv6 range":                         {func(s *network.Settings) { s.ServicesRange = "fd00::/64" }, "servicesRange"},
		"a range of one address":                {func(s *network.Settings) { s.NodesRange = "10.0.0.0/32" }, "nodesRange"},
		"pods for less than a zone":             {func(s *network.Settings) { s.PodsRange = "10.1.0.0/25" }, "podsRange"},
		"fewer Services than GKE takes":         {func(s *network.Settings) { s.ServicesRange = "10.2.0.0/28" }, "servicesRange"},
		"nodes on Docker's addresses":           {func(s *network.Settings) { s.NodesRange = "172.17.16.0/20" }, "nodesRange"},
		"pods on multicast":                     {func(s *network.Settings) { s.PodsRange = "224.0.0.0/16" }, "podsRange"},
		"a database on multicast":               {func(s *network.Settings) { s.PrivateServicesRange = "224.0.0.0/20" }, "privateServicesRange"},
		"Services where Google's APIs are":      {func(s *network.Settings) { s.ServicesRange = "199.36.144.0/20" }, "servicesRange"},
		"two ranges over each other":            {func(s *network.Settings) { s.PodsRange = "10.0.0.0/16" }, "podsRange"},
		"no range for Google's services":        {func(s *network.Settings) { s.PrivateServicesRange = "" }, "privateServicesRange"},
		"too narrow for Google's services":      {func(s *network.Settings) { s.PrivateServicesRange = "10.3.0.0/25" }, "privateServicesRange"},
		"a database with no room for the cache": {func(s *network.Settings) { s.PrivateServicesRange = "10.3.0.0/24" }, "privateServicesRange"},
		"more Services than GKE takes":          {func(s *network.Settings) { s.ServicesRange = "10.32.0.0/15" }, "servicesRange"},
		"more pods than GKE takes":              {func(s *network.Settings) { s.PodsRange = "240.0.0.0/8" }, "podsRange"},
		"nodes on public addresses":             {func(s *network.Settings) { s.NodesRange = "172.32.0.0/20" }, "nodesRange"},
		"a database on public addresses":        {func(s *network.Settings) { s.PrivateServicesRange = "192.169.0.0/20" }, "privateServicesRange"},
		"one name for pods and for Services":    {func(s *network.Settings) { s.PodsRangeName = "services" }, "servicesRangeName"},
		"a range that stays twice": {func(s *network.Settings) {
			*s = joining()
			s.StayingPrivateServicesRanges = []string{"theirs", "theirs"}
		}, "stayingPrivateServicesRanges[1]"},
		"reserved and adopted at once":             {func(s *network.Settings) { s.PrivateServicesRangeName = "services" }, "privateServicesRange"},
		"ranges for an adopted network":            {func(s *network.Settings) { s.Adopt = true }, "nodesRange"},
		"a DNS zone to where Google is not":        {func(s *network.Settings) { s.GoogleAPIsRange = "10.9.0.0/30" }, "googleApisRange"},
		"where sign-in's keys are not served":      {func(s *network.Settings) { s.GoogleAPIsRange = "199.36.153.4/30" }, "googleApisRange"},
		"a policy name that cannot exist":          {func(s *network.Settings) { s.SSLPolicy = "TLS 1.3" }, "sslPolicy"},
		"the platform's own TLS policy as theirs":  {func(s *network.Settings) { s.SSLPolicy = "license-platform-tls" }, "sslPolicy"},
		"a Google range that is no range":          {func(s *network.Settings) { s.GoogleAPIsRange = "private.googleapis.com" }, "googleApisRange"},
		"ranges that stay in a network of our own": {func(s *network.Settings) { s.StayingPrivateServicesRanges = []string{"theirs"} }, "stayingPrivateServicesRanges"},
		"zones for all in a network of our own":    {func(s *network.Settings) { s.PrivateZonesForAll = true }, "privateZonesForAll"},
		"zones for all without the private range": {func(s *network.Settings) {
			*s = adopted()
			s.PrivateZonesForAll = true
		}, "privateZonesForAll"},
		"ranges that stay beside an adopted one": {func(s *network.Settings) {
			*s = adopted()
			s.StayingPrivateServicesRanges = []string{"theirs"}
		}, "stayingPrivateServicesRanges"},
		"the platform's own range among those that stay": {func(s *network.Settings) {
			*s = joining()
			s.StayingPrivateServicesRanges = []string{"services", "vpc-license-services"}
		}, "stayingPrivateServicesRanges[1]"},
		"a secondary range with a wrong name": {func(s *network.Settings) { s.PodsRangeName = "Pods" }, "podsRangeName"},
		"an adopted range with a wrong name":  {func(s *network.Settings) { s.PrivateServicesRange, s.PrivateServicesRangeName = "", "-" }, "privateServicesRangeName"},
		"a service range with a wrong name":   {func(s *network.Settings) { s.ServicesRangeName = "-" }, "servicesRangeName"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := created()
			c.change(&s)
			assert.Contains(t, keys(s.Validate()), c.key)
		})
	}
}

func TestTheNarrowestRangesAreTaken(t *testing.T) {
	t.Parallel()
	s := created()
	s.NodesRange, s.PodsRange, s.ServicesRange, s.PrivateServicesRange = "10.0.0.0/29", "10.1.0.0/22", "10.2.0.0/27", "10.4.0.0/23"
	assert.Empty(t, s.Validate())
}

func TestTheWidestRangesAndAnyPrivateOnesAreTaken(t *testing.T) {
	t.Parallel()
	s := created()
	s.NodesRange, s.PodsRange, s.ServicesRange, s.PrivateServicesRange = "100.64.0.0/20", "10.0.0.0/9", "172.16.0.0/16", "192.168.0.0/20"
	assert.Empty(t, s.Validate())
	s.PodsRange = "240.0.0.0/9"
	assert.Empty(t, s.Validate())
	s.PrivateServicesRange = "127.77.16.0/20"
	assert.Empty(t, s.Validate(), "the embedded cloud has a machine's own addresses")
}

func TestPublicAddressesAreToldWhichArePrivate(t *testing.T) {
	t.Parallel()
	s := created()
	s.PodsRange = "172.32.0.0/16"
	assert.Equal(t, `podsRange = "172.32.0.0/16": has public addresses, over which the pods and the database do not reach each other; `+
		"allowed: a range inside of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or 240.0.0.0/4", s.Validate()[0].String())
}

func TestOverlapsAreFoundBesideARangeThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := created()
	s.NodesRange, s.ServicesRange = "wrong", "10.1.4.0/24"
	assert.Equal(t, []string{"nodesRange", "servicesRange"}, keys(s.Validate()))
}
