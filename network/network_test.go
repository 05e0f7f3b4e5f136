package network_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/network"
)

// Kinds of resources that the tests ask about.
const (
	kindNetwork    = "gcp:compute/network:Network"
	kindSubnet     = "gcp:compute/subnetwork:Subnetwork"
	kindAddress    = "gcp:compute/globalAddress:GlobalAddress"
	kindConnection = "gcp:servicenetworking/connection:Connection"
	kindFirewall   = "gcp:compute/firewall:Firewall"
	kindRouterNAT  = "gcp:compute/routerNat:RouterNat"
	kindZone       = "gcp:dns/managedZone:ManagedZone"
	kindRecord     = "gcp:dns/recordSet:RecordSet"
	kindPolicy     = "gcp:compute/sSLPolicy:SSLPolicy"
)

func TestANetworkOfOurOwnIsDeclaredWhole(t *testing.T) {
	t.Parallel()
	settings := created()
	l := declare(t, settings)
	subnet := l.One(t, kindSubnet, "net")
	assert.Equal(t, []any{"10.0.0.0/20", "pods", "10.1.0.0/16", "services", "10.2.0.0/20", true}, []any{
		subnet.Get("ipCidrRange"), subnet.Get("secondaryIpRanges[0].rangeName"), subnet.Get("secondaryIpRanges[0].ipCidrRange"),
		subnet.Get("secondaryIpRanges[1].rangeName"), subnet.Get("secondaryIpRanges[1].ipCidrRange"), subnet.Get("privateIpGoogleAccess"),
	})
	assert.Len(t, l.Every(t, kindZone), 2, "for Google's APIs and for images")
	assert.Equal(t, []any{"199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"}, l.One(t, kindRecord, "net-googleapis-addresses").Get("rrdatas"))
	assert.Equal(t, "*.googleapis.com.", l.One(t, kindRecord, "net-googleapis-aliases").Get("name"))
	assert.Equal(t, []string{"vpc", "edge", "license-platform-tls", "id-of-net", "vpc-license-services"},
		[]string{text(t, l.NetworkName), text(t, l.EdgeAddressName), text(t, l.SSLPolicyName), text(t, l.SubnetworkID), text(t, l.PrivateServicesRangeName)}, "others build on these")
	assert.Equal(t, []any{"10.1.0.0/16"}, l.One(t, kindFirewall, "net-health-checks").Get("destinationRanges"), "health checks reach pods only")
	assert.Equal(t, "RESTRICTED", l.One(t, kindPolicy, "net").Get("profile"))
	assert.True(t, l.One(t, kindAddress, "net-edge").Protect, "a released address cannot be reserved again")
	assert.Len(t, l.Every(t, kindRouterNAT), 1)
	assert.Equal(t, true, l.One(t, kindConnection, "net-private-services").Get("updateOnCreationFail"), "nobody else has a range in it")
	assert.Len(t, l.PrivateServices, 1, "databases come after the connection")
	assert.Equal(t, []string{"pods", "services"}, []string{l.PodsRangeName, l.ServicesRangeName})
}

func TestAnAdoptedNetworkGetsNothingButAFirewallRuleAndATLSPolicy(t *testing.T) {
	t.Parallel()
	l := declare(t, adopted())
	for _, kind := range []string{kindNetwork, kindSubnet, kindAddress, kindConnection, kindZone, kindRouterNAT} {
		assert.Empty(t, l.Of(kind), kind)
	}
	assert.Nil(t, l.One(t, kindFirewall, "net-health-checks").Get("destinationRanges"), "the ranges of the pods are not known")
	assert.Len(t, l.Every(t, kindPolicy), 1)
	assert.Empty(t, l.PrivateServices, "what is adopted is there already")
}

func TestAConnectionIsOverwrittenOnlyWhereNoRangeOfOthersIsLost(t *testing.T) {
	t.Parallel()
	alone := joining()
	alone.StayingPrivateServicesRanges = nil
	for name, c := range map[string]struct {
		settings network.Settings
		may      bool
		ranges   []any
	}{
		"a network of our own":                      {created(), true, []any{"vpc-license-services"}},
		"an adopted one whose ranges are named":     {joining(), true, []any{"services", "vpc-license-services"}},
		"an adopted one of which no range is known": {alone, false, []any{"vpc-license-services"}},
	} {
		connection := declare(t, c.settings).One(t, kindConnection, "net-private-services")
		assert.Equal(t, c.may, connection.Get("updateOnCreationFail"), name)
		assert.Equal(t, c.ranges, connection.Get("reservedPeeringRanges"), name)
		assert.Equal(t, "ABANDON", connection.Get("deletionPolicy"), name)
	}
}

func TestSettingsTakeTheirOwnNamesAndPolicies(t *testing.T) {
	t.Parallel()
	settings := created()
	settings.PodsRangeName, settings.ServicesRangeName, settings.SSLPolicy = "our-pods", "our-services", "tls-1-3"
	settings.NAT, settings.PrivateGoogleAPIs, settings.EdgeAddress.DeletionProtection = false, false, new(bool)
	l := declare(t, settings)
	assert.Equal(t, "our-pods", l.One(t, kindSubnet, "net").Get("secondaryIpRanges[0].rangeName"))
	assert.Equal(t, "our-services", l.One(t, kindSubnet, "net").Get("secondaryIpRanges[1].rangeName"))
	for _, kind := range []string{kindPolicy, kindZone, kindRouterNAT} {
		assert.Empty(t, l.Of(kind), kind)
	}
	assert.False(t, l.One(t, kindAddress, "net-edge").Protect)
}

func TestPodsAreLedToGooglesAPIsByAliasesOnlyWhereNoZoneDoesIt(t *testing.T) {
	t.Parallel()
	four := []string{"199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"}
	for name, c := range map[string]struct {
		change func(*network.Settings)
		want   []string
	}{
		"a network of our own has zones":          {func(s *network.Settings) { *s = created() }, nil},
		"an adopted one without either":           {func(*network.Settings) {}, nil},
		"an adopted one has aliases":              {func(s *network.Settings) { s.PrivateGoogleAPIs = true }, four},
		"or zones, when everybody is to use them": {func(s *network.Settings) { s.PrivateGoogleAPIs, s.PrivateZonesForAll = true, true }, nil},
		"a range that is wrong leads nowhere":     {func(s *network.Settings) { s.PrivateGoogleAPIs, s.GoogleAPIsRange = true, "wrong" }, nil},
	} {
		settings := adopted()
		c.change(&settings)
		assert.Equal(t, c.want, settings.AliasAddresses(), name)
		l := declare(t, settings)
		require.Equal(t, c.want == nil && settings.PrivateGoogleAPIs && settings.GoogleAPIsRange == "", len(l.Of(kindZone)) > 0, name)
	}
}
