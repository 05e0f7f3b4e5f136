package gcp_test

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// instance is a Cloud SQL instance that the API takes.
func instance() map[string]any {
	return map[string]any{
		"name": "db", "databaseVersion": "POSTGRES_16", "region": region, "deletionProtection": false,
		"settings": map[string]any{
			"tier": "db-custom-2-7680", "edition": "ENTERPRISE", "availabilityType": "ZONAL",
			"ipConfiguration":     map[string]any{"privateNetwork": "projects/" + project + "/global/networks/net"},
			"backupConfiguration": map[string]any{"enabled": true, "transactionLogRetentionDays": 7},
			"databaseFlags":       []any{map[string]any{"name": "log_connections", "value": "on"}},
		},
	}
}

func TestOutputsAreWhatTheAPIsCompute(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	network := c.peering()
	assert.Equal(t, "projects/coditect-cloud-infra/global/networks/net", network)
	address, _ := c.store.Get(gcp.TypeGlobalAddress, "projects/coditect-cloud-infra/global/addresses/range")
	assert.Equal(t, "127.77.16.0", address.Outputs["address"])
	assert.InDelta(t, 20, address.Outputs["prefixLength"], 0)

	_, outputs := c.must(gcp.TypeDatabaseInstance, "db", instance())
	assert.Equal(t, "coditect-cloud-infra:us-central1:db", outputs["connectionName"])
	assert.Equal(t, "127.77.16.2", outputs["privateIpAddress"])
	assert.Equal(t, "CA of db", outputs["serverCaCerts"].([]any)[0].(map[string]any)["cert"])

	_, outputs = c.must(gcp.TypeRedisInstance, "redis", map[string]any{
		"name": "seats", "memorySizeGb": 1, "authEnabled": true, "transitEncryptionMode": "SERVER_AUTHENTICATION",
		"connectMode": "PRIVATE_SERVICE_ACCESS", "authorizedNetwork": network, "redisConfigs": map[string]any{"maxmemory-policy": "noeviction"},
	})
	assert.Equal(t, "127.77.24.2", outputs["host"], "the first address of its part of the range")
	assert.InDelta(t, 6378, outputs["port"], 0, "the port with TLS")
	assert.NotEmpty(t, outputs["authString"])
	assert.Contains(t, c.real.did, "cache projects/coditect-cloud-infra/locations/us-central1/instances/seats 127.77.24.2:6378 noeviction 1024")
	assert.Equal(t, map[string]any{"platform": "license-platform"}, outputs["effectiveLabels"], "the provider's labels")

	id, outputs := c.must(gcp.TypeServiceAccount, "api", map[string]any{"accountId": "license-api"})
	assert.Equal(t, "projects/coditect-cloud-infra/serviceAccounts/license-api@coditect-cloud-infra.iam.gserviceaccount.com", id)
	assert.Equal(t, "serviceAccount:license-api@coditect-cloud-infra.iam.gserviceaccount.com", outputs["member"])
	assert.Regexp(t, `^1\d{20}$`, outputs["uniqueId"])
}

func TestVersionsAreNumberedAsTheyCome(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	key := c.key("signing", "")
	first, outputs := c.must(gcp.TypeCryptoKeyVersion, "one", map[string]any{"cryptoKey": key})
	assert.Equal(t, key+"/cryptoKeyVersions/1", first)
	assert.Equal(t, first, outputs["name"])
	second, _ := c.must(gcp.TypeCryptoKeyVersion, "two", map[string]any{"cryptoKey": key})
	assert.Equal(t, key+"/cryptoKeyVersions/2", second)
	require.NoError(t, c.delete(gcp.TypeCryptoKeyVersion, second))
	assert.Contains(t, c.real.did, "DESTROY_SCHEDULED "+second)
	third, _ := c.must(gcp.TypeCryptoKeyVersion, "three", map[string]any{"cryptoKey": key})
	assert.Equal(t, key+"/cryptoKeyVersions/3", third, "a number is never used twice")

	secret, _ := c.must(gcp.TypeSecret, "s", map[string]any{"secretId": "s", "replication": map[string]any{"auto": map[string]any{}}})
	version, outputs := c.must(gcp.TypeSecretVersion, "s", map[string]any{"secret": secret, "secretData": "hush"})
	assert.Equal(t, secret+"/versions/1", version)
	assert.Equal(t, "1", outputs["version"])
	assert.Contains(t, c.real.did, "payload "+secret+" hush")
}

func TestASecretIsNeverSentInPlain(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	network := c.peering()
	response, err := c.server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(gcp.TypeRedisInstance, "r"), Properties: c.wire(map[string]any{
		"name": "r", "memorySizeGb": 1, "authEnabled": true, "authorizedNetwork": network,
	})})
	require.NoError(t, err)
	const signature = "4dabf18193072939515e22adb298388d" // Pulumi's mark of special values
	assert.Contains(t, response.GetProperties().GetFields()["authString"].GetStructValue().GetFields(), signature)
}

func TestLookupsFindWhatExists(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.must(gcp.TypeCluster, "c", map[string]any{"name": "coditect-cluster", "location": region})
	ask := func(token string, args map[string]any) (map[string]any, error) {
		response, err := c.server.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: c.wire(args)})
		if err != nil {
			return nil, err
		}
		return response.GetReturn().AsMap(), nil
	}
	found, err := ask("gcp:container/getCluster:getCluster", map[string]any{"name": "coditect-cluster", "location": region})
	require.NoError(t, err)
	assert.Equal(t, "127.77.8.9", found["endpoint"])
	assert.NotEmpty(t, found["masterAuths"].([]any)[0].(map[string]any)["clusterCaCertificate"])
	_, err = ask("gcp:container/getCluster:getCluster", map[string]any{"name": "none", "location": region})
	require.ErrorContains(t, err, "Error 404")
	found, err = ask("gcp:organizations/getProject:getProject", map[string]any{})
	require.NoError(t, err)
	assert.Equal(t, gcp.ProjectNumber, found["number"])
	_, err = ask("gcp:compute/getNetwork:getNetwork", map[string]any{"name": "none"})
	require.ErrorContains(t, err, "networks/none' was not found")
}

func TestAnAccountThatDoesNotExistIsGrantedNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	grant := map[string]any{"project": project, "role": "roles/cloudsql.client", "member": "serviceAccount:nobody@" + project + ".iam.gserviceaccount.com"}
	_, _, err := c.create("gcp:projects/iAMMember:IAMMember", "g", grant)
	require.ErrorContains(t, err, "nobody@coditect-cloud-infra.iam.gserviceaccount.com does not exist")
	c.must(gcp.TypeServiceAccount, "n", map[string]any{"accountId": "nobody"})
	c.must("gcp:projects/iAMMember:IAMMember", "g", grant)
}

func TestWhatStaysIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for typ, inputs := range map[string]map[string]any{
		"gcp:projects/service:Service": {"service": "sqladmin.googleapis.com"},
		gcp.TypeAdmissionPolicy:        {"defaultAdmissionRule": map[string]any{"evaluationMode": "ALWAYS_DENY"}},
	} {
		id, _ := c.must(typ, "first", inputs)
		require.NoError(t, c.delete(typ, id))
		_, exists := c.store.Get(typ, id)
		assert.True(t, exists, "%s stays", typ)
		again, _ := c.must(typ, "second", inputs)
		assert.Equal(t, id, again)
	}
}

func TestTheDataGoesWithItsInstanceOnly(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.peering()
	_, _, err := c.create("gcp:sql/database:Database", "d", map[string]any{"instance": "db", "name": "licenses"})
	require.ErrorContains(t, err, "The Cloud SQL instance db does not exist")
	id, _ := c.must(gcp.TypeDatabaseInstance, "db", instance())
	database, _ := c.must("gcp:sql/database:Database", "d", map[string]any{"instance": "db", "name": "licenses", "deletionPolicy": "ABANDON"})
	user, _ := c.must("gcp:sql/user:User", "u", map[string]any{"instance": "db", "name": "api", "password": "long enough"})
	require.NoError(t, c.delete("gcp:sql/database:Database", database))
	require.NoError(t, c.delete("gcp:sql/user:User", user))
	require.NoError(t, c.delete(gcp.TypeDatabaseInstance, id))
	assert.NotContains(t, c.real.did, "no database db licenses", "an abandoned database stays")
	assert.Contains(t, c.real.did, "no user db api")
	assert.Contains(t, c.real.did, "no instance db")
}
