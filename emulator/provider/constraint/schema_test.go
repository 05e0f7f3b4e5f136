package constraint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// schemaRows has one row for each kind of rule that the provider's schema has. The
// rules themselves are data, and the tests below send a mistake for each of them.
func schemaRows() []row {
	const (
		firewallType = "gcp:compute/firewall:Firewall"
		services     = upstream + "services/"
		clusters     = services + "container/resource_container_cluster.go"
		firewalls    = services + "compute/resource_compute_firewall.go"
		instances    = services + "sql/resource_sql_database_instance.go"
		secrets      = services + "secretmanager/resource_secret_manager_secret.go"
	)
	firewall := map[string]any{
		"name": "wall", "network": "vpc", "sourceRanges": []any{"10.0.0.0/8"},
		"allows": []any{map[string]any{"protocol": "tcp", "ports": []any{"443"}}},
	}
	cluster := map[string]any{"name": "cluster", "location": region}
	secret := map[string]any{"secretId": "secret", "replication": map[string]any{"auto": map[string]any{}}}
	instance := map[string]any{
		"name": "db", "databaseVersion": "POSTGRES_17", "region": region,
		"settings": map[string]any{
			"tier": "db-custom-2-7680", "edition": "ENTERPRISE",
			"maintenanceWindow": map[string]any{"day": 7, "hour": 4}, "insightsConfig": map[string]any{"queryStringLength": 1024},
		},
	}
	subnet := map[string]any{"name": "nodes", "network": "vpc", "ipCidrRange": "10.0.0.0/20", "region": region, "logConfig": map[string]any{"metadata": "INCLUDE_ALL_METADATA"}}
	ranges := map[string]any{"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"}
	return []row{
		{
			what: "a required property that is missing inside another", typ: firewallType, right: firewall,
			change: changes{"logConfig": map[string]any{}}, says: `The argument "logConfig.metadata" is required`, source: firewalls,
		},
		{
			what: "a required property that is missing in an item of a list", typ: firewallType, right: firewall,
			change: changes{"allows": []any{map[string]any{"ports": []any{"443"}}}}, says: `The argument "allows[0].protocol" is required`, source: firewalls,
		},
		{
			what: "a priority out of its range", typ: firewallType, right: firewall,
			change: changes{"priority": 70000}, says: "expected priority to be in the range (0 - 65535), got 70000", source: firewalls,
		},
		{
			what: "tags together with service accounts as a firewall's target", typ: firewallType, right: firewall,
			change: changes{"targetTags": []any{"web"}, "targetServiceAccounts": []any{"web@p.iam.gserviceaccount.com"}},
			says:   `"targetTags": conflicts with targetServiceAccounts`, source: firewalls,
		},
		{
			what: "a firewall that allows and denies", typ: firewallType, right: firewall,
			change: changes{"denies": []any{map[string]any{"protocol": "udp"}}}, says: "only one of `allows,denies` can be specified", source: firewalls,
		},
		{
			what: "a firewall for incoming traffic from nowhere", typ: firewallType, right: firewall,
			change: changes{"sourceRanges": nil}, says: "one of sourceTags, sourceRanges, or sourceServiceAccounts must be defined", source: firewalls,
		},
		{
			what: "metadata of flow logs that does not exist", typ: gcp.TypeSubnetwork, right: subnet,
			change: changes{"logConfig.metadata": "SOME_METADATA"}, says: "expected logConfig.metadata to be one of", source: services + "compute/resource_compute_subnetwork.go",
		},
		{
			what: "a dataplane that does not exist", typ: gcp.TypeCluster, right: cluster,
			change: changes{"datapathProvider": "DATAPLANE_V2"}, says: "expected datapathProvider to be one of", source: clusters,
		},
		{
			what: "a release channel that does not exist", typ: gcp.TypeCluster, right: cluster,
			change: changes{"releaseChannel.channel": "SLOW"}, says: "expected releaseChannel.channel to be one of", source: clusters,
		},
		{
			what: "a way of judging images that does not exist", typ: gcp.TypeCluster, right: cluster,
			change: changes{"binaryAuthorization.evaluationMode": "PROJECT_SINGLETON_POLICY"}, says: "expected binaryAuthorization.evaluationMode to be one of", source: clusters,
		},
		{
			what: "a secondary range by its name and by its addresses", typ: gcp.TypeCluster, right: with(cluster, changes{"ipAllocationPolicy": ranges}),
			change: changes{"ipAllocationPolicy.clusterIpv4CidrBlock": "10.4.0.0/14"}, says: "conflicts with ipAllocationPolicy.clusterSecondaryRangeName", source: clusters,
		},
		{
			what: "an eighth day of the week", typ: gcp.TypeDatabaseInstance, right: instance,
			change: changes{"settings.maintenanceWindow.day": 8}, says: "expected settings.maintenanceWindow.day to be in the range (1 - 7), got 8", source: instances,
		},
		{
			what: "queries cut after 100 characters", typ: gcp.TypeDatabaseInstance, right: instance,
			change: changes{"settings.insightsConfig.queryStringLength": 100}, says: "in the range (256 - 4500)", source: instances,
		},
		{
			what: "a connector that is wished for", typ: gcp.TypeDatabaseInstance, right: instance,
			change: changes{"settings.connectorEnforcement": "PREFERRED"}, says: "expected settings.connectorEnforcement to be one of", source: instances,
		},
		{
			what: "an instance without settings", typ: gcp.TypeDatabaseInstance, right: instance,
			change: changes{"settings": nil}, says: "one of `settings,clone` must be specified", source: instances,
		},
		{
			what: "the rotation of a secret without a topic that is notified", typ: gcp.TypeSecret, right: secret,
			change: changes{"rotation": map[string]any{"nextRotationTime": "2030-01-01T00:00:00Z", "rotationPeriod": "2592000s"}},
			says:   `"rotation": all of`, source: secrets,
		},
		{
			what: "a secret that is kept nowhere", typ: gcp.TypeSecret, right: secret,
			change: changes{"replication": map[string]any{"userManaged": map[string]any{"replicas": []any{}}}}, says: "requires 1 item minimum", source: secrets,
		},
	}
}

// mistakes are wrong values of a property, by what the provider says to them.
func mistakes(field provider.Field) map[string]any {
	wrong := map[string]any{}
	if len(field.OneOf) > 0 {
		wrong["to be one of"] = "no such value"
	}
	switch {
	case field.Min != nil && field.Max != nil:
		wrong["to be in the range"] = *field.Max + 1
	case field.Min != nil:
		wrong["to be at least"] = *field.Min - 1
	case field.Max != nil:
		wrong["to be at most"] = *field.Max + 1
	}
	if field.Match != "" {
		wrong["doesn't match regexp"] = "~ no such form ~"
	}
	return wrong
}

// plant puts a value at a path of the schema, with one item in each list on the way.
func plant(path string, value any) map[string]any {
	first, rest, more := strings.Cut(path, ".")
	if more {
		value = plant(rest, value)
	}
	if name, item := strings.CutSuffix(first, "[]"); item {
		return map[string]any{name: []any{value}}
	}
	return map[string]any{first: value}
}

func TestEveryRuleOfTheProvidersSchemaIsKept(t *testing.T) {
	t.Parallel()
	w, sent := newFixture(t), 0
	for _, kind := range (&gcp.Cloud{}).Kinds() {
		for _, path := range slices.Sorted(maps.Keys(kind.Fields)) {
			field := kind.Fields[path]
			expect := func(inputs map[string]any, says string) {
				sent++
				for _, reason := range w.check(made{kind.Type, "it", inputs}, nil) {
					if strings.Contains(reason, says) {
						return
					}
				}
				assert.Fail(t, "not refused", "%s: %s: %s", kind.Type, path, says)
			}
			for says, value := range mistakes(field) {
				expect(plant(path, value), says)
			}
			holder, name := "", path
			if i := strings.LastIndex(path, "."); i >= 0 {
				holder, name = path[:i], path[i+1:]
			}
			if field.Required && holder != "" {
				expect(plant(holder, map[string]any{}), name+`" is required`)
			}
			if field.MinItems > 0 {
				expect(plant(path, []any{}), "item minimum")
			}
			if field.MaxItems > 0 {
				expect(plant(path, slices.Repeat([]any{"a"}, field.MaxItems+1)), "item maximum")
			}
			if len(field.Conflicts) > 0 && !strings.Contains(field.Conflicts[0], ".") && !strings.Contains(path, ".") {
				expect(map[string]any{path: "a", field.Conflicts[0]: "b"}, "conflicts with "+field.Conflicts[0])
			}
		}
	}
	assert.Greater(t, sent, 400, "the schema has that many rules")
}

// TestLeavingOutWhatTheAPIDecidesKeepsTheResource, as a property that is optional
// and computed keeps its value.
func TestLeavingOutWhatTheAPIDecidesKeepsTheResource(t *testing.T) {
	t.Parallel()
	w, sent := newFixture(t), 0
	for _, kind := range (&gcp.Cloud{}).Kinds() {
		for path, field := range kind.Fields {
			if !field.Computed || strings.Contains(path, "[]") {
				continue
			}
			sent++
			holder, with := map[string]any{}, plant(path, "as it was")
			if i := strings.LastIndex(path, "."); i >= 0 {
				holder = plant(path[:i], map[string]any{})
			}
			response, err := w.google.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "an-id", Urn: made{kind.Type, "it", nil}.urn(), OldInputs: w.wire(with), Olds: w.wire(with), News: w.wire(holder),
			})
			require.NoError(t, err)
			assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, response.GetChanges(), "%s: %s left out", kind.Type, path)
			again, err := w.google.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "an-id", Urn: made{kind.Type, "it", nil}.urn(), OldInputs: w.wire(holder), Olds: w.wire(with), News: w.wire(plant(path, "another")),
			})
			require.NoError(t, err)
			assert.True(t, !field.Fixed || len(again.GetReplaces()) > 0, "%s: %s set to another value than the one that was kept", kind.Type, path)
		}
	}
	assert.Greater(t, sent, 150, "the schema has that many")
}

func TestWritingOutADefaultChangesNothing(t *testing.T) {
	t.Parallel()
	w, sent := newFixture(t), 0
	for _, kind := range (&gcp.Cloud{}).Kinds() {
		for path, field := range kind.Fields {
			if field.Default == nil || strings.Contains(path, ".") {
				continue
			}
			sent++
			response, err := w.google.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "an-id", Urn: made{kind.Type, "it", nil}.urn(), OldInputs: w.wire(nil), News: w.wire(map[string]any{path: field.Default}),
			})
			require.NoError(t, err)
			assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, response.GetChanges(), "%s: %s", kind.Type, path)
		}
	}
	assert.Greater(t, sent, 20, "the schema has that many")
}

func TestWhatComesAndGoesAsAWholeIsJudgedByWhatIsInIt(t *testing.T) {
	t.Parallel()
	const auto = "replication.auto"
	for name, c := range map[string]struct {
		typ          string
		before, then map[string]any
		replaces     bool
	}{
		"a secret's key is taken away":            {gcp.TypeSecret, plant(auto, map[string]any{"customerManagedEncryption": map[string]any{"kmsKeyName": "k"}}), plant(auto, map[string]any{}), false},
		"a secret's key is another":               {gcp.TypeSecret, plant(auto+".customerManagedEncryption.kmsKeyName", "a"), plant(auto+".customerManagedEncryption.kmsKeyName", "b"), false},
		"a secret gets replicas":                  {gcp.TypeSecret, plant(auto, map[string]any{}), plant("replication.userManaged.replicas[].location", region), true},
		"an instance's private network goes":      {gcp.TypeDatabaseInstance, plant("settings.ipConfiguration.privateNetwork", "vpc"), plant("settings.ipConfiguration", map[string]any{}), true},
		"an instance's disk is of another kind":   {gcp.TypeDatabaseInstance, plant("settings.diskType", "PD_SSD"), plant("settings.diskType", "PD_HDD"), true},
		"an instance's key is left out":           {gcp.TypeDatabaseInstance, plant("encryptionKeyName", "k"), nil, false},
		"nodes get an account":                    {gcp.TypeCluster, nil, plant("nodeConfig.serviceAccount", "a@b"), true},
		"nodes get labels only":                   {gcp.TypeCluster, plant("nodeConfig", map[string]any{}), plant("nodeConfig.labels", map[string]any{"a": "b"}), false},
		"a cluster's addresses are left out":      {gcp.TypeCluster, plant("ipAllocationPolicy.clusterSecondaryRangeName", "pods"), nil, false},
		"a switch that cannot be turned off goes": {gcp.TypeCluster, plant("enableFqdnNetworkPolicy", true), plant("enableFqdnNetworkPolicy", false), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			response, err := w.google.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "an-id", Urn: made{c.typ, "it", nil}.urn(), OldInputs: w.wire(c.before), Olds: w.wire(c.before), News: w.wire(c.then),
			})
			require.NoError(t, err)
			assert.Equal(t, c.replaces, len(response.GetReplaces()) > 0)
		})
	}
}
