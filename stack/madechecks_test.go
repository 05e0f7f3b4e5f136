package stack_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// What earlier updates of a stack have made stays as it was made, under the name that it had.

// existingKey is a key of prod's ring.
func existingKey(name, protection, destroy string) plan.Change {
	const ring = "projects/coditect-cloud-infra/locations/us-central1/keyRings/coditect-license-keys"
	return plan.Exists(gcp.TypeCryptoKey, ring+"/cryptoKeys/"+name, map[string]any{
		"name": name, "keyRing": ring, "destroyScheduledDuration": destroy, "versionTemplate": map[string]any{"protectionLevel": protection},
	})
}

// existingRange is the range that prod has reserved for the database and the cache.
func existingRange(first string) plan.Change {
	const name = "coditect-vpc-license-services"
	return plan.Exists(gcp.TypeGlobalAddress, "projects/coditect-cloud-infra/global/addresses/"+name, map[string]any{
		"name": name, "address": first, "prefixLength": 20, "purpose": "VPC_PEERING", "addressType": "INTERNAL", "project": "coditect-cloud-infra",
		"network": "projects/coditect-cloud-infra/global/networks/coditect-vpc",
	})
}

// existingDatabase is prod's.
func existingDatabase(address string) plan.Change {
	const project, name = "coditect-cloud-infra", "stores-1a2b3c4"
	return plan.Exists(gcp.TypeDatabaseInstance, name, map[string]any{"name": name, "project": project, "region": "us-central1", "privateIpAddress": address})
}

// existingCluster is a cluster of the region that both stacks are in.
func existingCluster(project, name string, more map[string]any) plan.Change {
	described := map[string]any{"name": name, "project": project}
	maps.Copy(described, more)
	return plan.Exists(gcp.TypeCluster, "projects/"+project+"/locations/us-central1/clusters/"+name, described)
}

// existingAddress is a public address.
func existingAddress(project, name, address, description string) plan.Change {
	return plan.Exists(gcp.TypeGlobalAddress, "projects/"+project+"/global/addresses/"+name, map[string]any{
		"name": name, "address": address, "addressType": "EXTERNAL", "project": project, "description": description,
	})
}

// fits fails unless the checks let the run pass until it meets what exists already.
func fits(t *testing.T, name string, existing ...plan.Change) {
	t.Helper()
	_, err := stacktest.Try(t, name, existing...)
	require.ErrorContains(t, err, "already exists")
	assert.NotContains(t, err.Error(), "do not fit what exists")
}

func TestTheRangesOfASubnetStayAsTheyWereMade(t *testing.T) {
	t.Parallel()
	subnet := plan.Exists(gcp.TypeSubnetwork, "projects/coditect-licenses-dev/regions/us-central1/subnetworks/license-dev", map[string]any{
		"name": "license-dev", "network": "projects/coditect-licenses-dev/global/networks/license-dev", "ipCidrRange": "10.10.0.0/20",
		"secondaryIpRanges": []any{
			map[string]any{"rangeName": "pods", "ipCidrRange": "10.20.0.0/16"}, map[string]any{"rangeName": "services", "ipCidrRange": "10.30.0.0/20"},
		},
	})
	fits(t, "dev", subnet)
	for says, change := range map[string]plan.Change{
		`network.podsRange = "10.40.0.0/16": was 10.20.0.0/16 when license-dev was made`:                          plan.Set("network.podsRange", "10.40.0.0/16"),
		`network.servicesRange = "10.40.0.0/20": was 10.30.0.0/20 when license-dev was made`:                      plan.Set("network.servicesRange", "10.40.0.0/20"),
		`network.nodesRange = "10.10.0.0/21": was 10.10.0.0/20 when license-dev was made`:                         plan.Set("network.nodesRange", "10.10.0.0/21"),
		`network.nodesRange = "10.11.0.0/20": was 10.10.0.0/20 when license-dev was made`:                         plan.Set("network.nodesRange", "10.11.0.0/20"),
		`network.podsRangeName = "all-pods": is not a range of the subnet license-dev, and Google gives none ano`: plan.Set("network.podsRangeName", "all-pods"),
	} {
		_, err := stacktest.Try(t, "dev", plan.Preview(), subnet, change)
		require.ErrorContains(t, err, says)
	}
}

func TestAClusterOfTheStackStaysAsItWasMade(t *testing.T) {
	t.Parallel()
	made := existingCluster("coditect-licenses-dev", "license-dev", map[string]any{
		"network":              "projects/coditect-licenses-dev/global/networks/license-dev",
		"subnetwork":           "projects/coditect-licenses-dev/regions/us-central1/subnetworks/license-dev",
		"privateClusterConfig": map[string]any{"masterIpv4CidrBlock": "172.16.0.0/28"},
	})
	fits(t, "dev", made)
	for says, change := range map[string]plan.Change{
		`kubernetes.cluster.controlPlaneRange = "172.16.0.16/28": was 172.16.0.0/28 when cluster license-dev was made`: plan.Set("kubernetes.cluster.controlPlaneRange", "172.16.0.16/28"),
		`network.name = "license-other": was license-dev when cluster license-dev was made`:                            plan.Set("network.name", "license-other"),
	} {
		_, err := stacktest.Try(t, "dev", plan.Preview(), made, change)
		require.ErrorContains(t, err, says)
	}
}

func TestTheNodesMayGetAWiderRange(t *testing.T) {
	t.Parallel()
	subnet := plan.Exists(gcp.TypeSubnetwork, "projects/coditect-licenses-dev/regions/us-central1/subnetworks/license-dev", map[string]any{
		"name": "license-dev", "network": "projects/coditect-licenses-dev/global/networks/license-dev", "ipCidrRange": "10.10.0.0/20",
		"secondaryIpRanges": []any{
			map[string]any{"rangeName": "pods", "ipCidrRange": "10.20.0.0/16"}, map[string]any{"rangeName": "services", "ipCidrRange": "10.30.0.0/20"},
		},
	})
	fits(t, "dev", subnet, plan.Set("network.nodesRange", "10.10.0.0/19"))
}

func TestWhatTheStackMadeUnderAnotherNameIsFoundByTheLastUpdate(t *testing.T) {
	t.Parallel()
	const project = "coditect-licenses-dev"
	cluster, address := existingCluster(project, "license-old", nil), existingAddress(project, "license-old", "34.8.51.1", "Edge of the license platform")
	last := plan.Updated(map[string]any{
		"cluster": "license-old", "clusterLocation": "us-central1", "edgeAddress": "34.8.51.1", "sqlConnectionName": project + ":us-central1:stores-1a2b3c4",
	})
	_, err := stacktest.Try(t, "dev", plan.Preview(), cluster, address, last)
	require.ErrorContains(t, err, `check ownCluster: kubernetes.cluster.name = "license-dev": was license-old in the last update`)
	require.ErrorContains(t, err, `check edgeAddress: network.edgeAddress.name = "license-dev": was license-old in the last update (34.8.51.1)`)

	_, err = stacktest.Try(t, "dev", plan.Preview(), address, last, plan.Set("network.edgeAddress", map[string]any{"name": "license-old", "adopt": true}))
	require.ErrorContains(t, err, `network.edgeAddress.adopt = true: the address license-old (34.8.51.1) was made by a stack of the platform, which would give it up`)

	stacktest.Deploy(t, "dev", plan.Preview(), last) // neither is there any more
	stacktest.Deploy(t, "dev", plan.Preview(), cluster, address, last, plan.Set("checks.skip", []any{"ownCluster", "edgeAddress"}))
}

func TestAPlatformThatIsWhereItWasIsFine(t *testing.T) {
	t.Parallel()
	stacktest.Deploy(t, "prod", plan.Preview(), existingDatabase("10.60.0.3"), plan.Updated(map[string]any{
		"cluster": "coditect-cluster", "clusterLocation": "us-central1", "edgeAddress": plan.Edge, "sqlConnectionName": "coditect-cloud-infra:us-central1:stores-1a2b3c4",
	}))
}

func TestKeysThatWereMadeAsTheSettingsSayAreFine(t *testing.T) {
	t.Parallel()
	fits(t, "prod", existingKey("cmek-sql", "HSM", "2592000s"), existingKey("license-signing", "SOFTWARE", "2592000s"))
}
