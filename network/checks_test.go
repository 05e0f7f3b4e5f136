package network_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/network"
)

// joining are settings whose platform gets a range of its own in an adopted network.
func joining() network.Settings {
	s := adopted()
	s.PrivateServicesRangeName, s.PrivateServicesRange, s.StayingPrivateServicesRanges = "", "10.9.0.0/20", []string{"services"}
	return s
}

func TestOnlyWhatIsAdoptedIsCompared(t *testing.T) {
	t.Parallel()
	private, forAll := adopted(), adopted()
	private.PrivateGoogleAPIs = true
	forAll.PrivateGoogleAPIs, forAll.PrivateZonesForAll = true, true
	address, policy := created(), created()
	address.EdgeAddress.Adopt = true
	policy.SSLPolicy = "tls13"
	for name, c := range map[string]struct {
		settings network.Settings
		want     []string
	}{
		"a network of our own":               {created(), []string{"ranges"}},
		"an address of theirs":               {address, []string{"ranges", "edgeAddress"}},
		"a TLS policy of theirs":             {policy, []string{"ranges", "sslPolicy"}},
		"a network and an address":           {adopted(), []string{"ranges", "subnet", "peeredRanges", "edgeAddress"}},
		"whose pods find Google's APIs":      {private, []string{"ranges", "subnet", "peeredRanges", "edgeAddress"}},
		"where everybody is to find them":    {forAll, []string{"ranges", "subnet", "peeredRanges", "privateZones", "edgeAddress"}},
		"with a range that joins the others": {joining(), []string{"ranges", "subnet", "peeredRanges", "edgeAddress"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, problems, err := theirs().problems(t, c.settings, true)
			require.NoError(t, err)
			assert.Equal(t, c.want, names)
			assert.Empty(t, problems, "it fits")
		})
	}
}

func TestWhatDoesNotFitIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	zone := func(name, domain, visibility string) func(*network.Settings, *existing) {
		return func(s *network.Settings, e *existing) {
			s.PrivateGoogleAPIs, s.PrivateZonesForAll = true, true
			e.zones = []any{map[string]any{"name": name, "dnsName": domain, "visibility": visibility}}
		}
	}
	for name, c := range map[string]struct {
		change func(*network.Settings, *existing)
		// key and why are empty when it fits.
		key, why string
	}{
		"a subnet of another network": {
			func(_ *network.Settings, e *existing) { e.subnet["network"] = "global/networks/other" }, "network.subnetwork", "belongs to the network other",
		},
		"a subnet from which pods would not reach Google": {func(s *network.Settings, e *existing) {
			s.PrivateGoogleAPIs, e.subnet["privateIpGoogleAccess"] = true, false
		}, "network.subnetwork", "has no Private Google Access"},
		"a TLS policy that takes old clients": {func(s *network.Settings, e *existing) {
			s.SSLPolicy = "tls13"
			e.policies["tls13"]["minTlsVersion"] = "TLS_1_1"
		}, "network.sslPolicy", "lets clients speak TLS_1_1"},
		"a TLS policy from 1.2 on": {func(s *network.Settings, e *existing) {
			s.SSLPolicy = "tls13"
			e.policies["tls13"]["minTlsVersion"] = "TLS_1_2"
		}, "", ""},
		"a subnet from which nobody has to": {func(_ *network.Settings, e *existing) { e.subnet["privateIpGoogleAccess"] = false }, "", ""},
		"a range of theirs that would be lost": {func(s *network.Settings, _ *existing) {
			*s = joining()
			s.StayingPrivateServicesRanges = nil
		}, "network.stayingPrivateServicesRanges", "leaves out services (10.3.0.0/20)"},
		"a range that stays and is not there": {func(s *network.Settings, _ *existing) {
			*s = joining()
			s.StayingPrivateServicesRanges = append(s.StayingPrivateServicesRanges, "gone")
		}, "network.stayingPrivateServicesRanges", "is not reserved for Google's managed services in network vpc"},
		"the range that the platform reserved before": {func(s *network.Settings, e *existing) {
			*s = joining()
			e.addresses["vpc-license-services"] = map[string]any{"purpose": "VPC_PEERING", "network": "vpc", "address": "10.9.0.0", "prefixLength": 20}
		}, "", ""},
		"a reserved range that is another network's": {
			func(s *network.Settings, _ *existing) { s.PrivateServicesRangeName = "elsewhere" }, "network.privateServicesRangeName", "is not reserved",
		},
		"a reserved range for something else": {
			func(s *network.Settings, _ *existing) { s.PrivateServicesRangeName = "endpoint" }, "network.privateServicesRangeName", "is not reserved",
		},
		"a range of the platform's own, while the database is in one of theirs": {func(s *network.Settings, e *existing) {
			*s = joining()
			e.database = "10.3.8.3"
		}, "network.privateServicesRange", "does not have 10.3.8.3"},
		"another range of theirs than the database is in": {func(_ *network.Settings, e *existing) {
			e.addresses["more"] = map[string]any{"purpose": "VPC_PEERING", "network": "vpc", "address": "10.7.0.0", "prefixLength": 20}
			e.database = "10.7.8.3"
		}, "network.privateServicesRangeName", "does not have 10.7.8.3"},
		"a range that no longer is, while the database is in it": {func(_ *network.Settings, e *existing) { e.database = "10.8.8.3" }, "network.privateServicesRangeName", "does not have 10.8.8.3"},
		"the range that the database is in":                      {func(_ *network.Settings, e *existing) { e.database = "10.3.8.3" }, "", ""},
		"a network that the platform made": {func(_ *network.Settings, e *existing) {
			e.network = map[string]any{"description": "License platform"}
		}, "network.adopt", "was made by a stack of the platform"},
		"a reserved range where none is":               {func(_ *network.Settings, e *existing) { delete(e.addresses, "services") }, "network.privateServicesRangeName", "is not reserved"},
		"a private zone of theirs for the same domain": {zone("theirs", "googleapis.com.", "private"), "network.privateZonesForAll", "a private zone for googleapis.com. already: theirs"},
		"the zone that the platform declared before":   {zone("vpc-googleapis", "googleapis.com.", "private"), "", ""},
		"a private zone for another domain":            {zone("theirs", "example.com.", "private"), "", ""},
		"a public zone for the same domain":            {zone("theirs", "googleapis.com.", "public"), "", ""},
		"an internal address": {func(_ *network.Settings, e *existing) {
			e.addresses["edge"]["addressType"] = "INTERNAL"
		}, "network.edgeAddress.name", "is not a valid public address: INTERNAL"},
		"an address that no Ingress has": {func(_ *network.Settings, e *existing) {
			e.addresses["edge"]["status"] = "RESERVED"
		}, "network.edgeAddress.name", "is not in use (RESERVED)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings, project := adopted(), theirs()
			c.change(&settings, project)
			require.Empty(t, settings.Validate().Within("network"))
			_, problems, err := project.problems(t, settings, true)
			require.NoError(t, err)
			if c.key == "" {
				assert.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			assert.Equal(t, c.key, problems[0].Key)
			assert.Contains(t, problems[0].Why, c.why)
			assert.NotEmpty(t, problems[0].Allowed)
		})
	}
}

func TestAnAddressNeedNotBeInUseBeforeItsIngressExists(t *testing.T) {
	t.Parallel()
	project := theirs()
	project.addresses["edge"]["status"] = "RESERVED"
	_, problems, err := project.problems(t, adopted(), false)
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestWhatCannotBeReadIsNamedByItsSetting(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*network.Settings, *existing){
		`network.subnetwork = "subnet": look up the subnet`:      func(_ *network.Settings, e *existing) { e.subnet = nil },
		`platform.project = "acme": list the reserved ranges`:    func(_ *network.Settings, e *existing) { e.addresses = nil },
		`network.edgeAddress.name = "none": look up the address`: func(s *network.Settings, _ *existing) { s.EdgeAddress.Name = "none" },
		`network.sslPolicy = "none": look up the SSL policy`:     func(s *network.Settings, _ *existing) { s.SSLPolicy = "none" },
	} {
		settings, project := adopted(), theirs()
		change(&settings, project)
		_, _, err := project.problems(t, settings, true)
		assert.ErrorContains(t, err, want)
	}
}

func TestWhereNoRangeIsReservedThatIsSaid(t *testing.T) {
	t.Parallel()
	project := theirs()
	project.addresses = map[string]map[string]any{"edge": project.addresses["edge"]}
	_, problems, err := project.problems(t, adopted(), true)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	assert.Equal(t, "nothing: no range is reserved there", problems[0].Allowed)
}
