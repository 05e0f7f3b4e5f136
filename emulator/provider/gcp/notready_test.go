package gcp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/stack/retry"
)

func TestAnAlertWaitsForAMetricThatWasJustWritten(t *testing.T) {
	t.Parallel()
	c, known := newCloud(t), false
	c.world.MetricsKnown = func() bool { return known }
	over := func(condition string, content map[string]any) map[string]any {
		return map[string]any{
			"displayName": "a", "combiner": "OR", "conditions": []any{map[string]any{"displayName": "c", condition: content}},
			"alertStrategy": map[string]any{"notificationRateLimit": map[string]any{"period": "300s"}},
		}
	}
	measured := over("conditionPrometheusQueryLanguage", map[string]any{"query": "up == 0", "duration": "60s", "evaluationInterval": "30s"})
	delete(measured, "alertStrategy")
	_, _, err := c.create(gcp.TypeAlertPolicy, "measured", measured)
	require.ErrorContains(t, err, "it could take up to 10 minutes")
	assert.True(t, retry.IsTransient(gcp.TypeAlertPolicy, err.Error()), "the stack tries again: %v", err)
	c.must(gcp.TypeAlertPolicy, "logged", over("conditionMatchedLog", map[string]any{"filter": `severity="ERROR"`}))
	known = true
	c.must(gcp.TypeAlertPolicy, "measured", measured)
}

func TestAGrantWaitsForAnAgentThatIsStillBeingMade(t *testing.T) {
	t.Parallel()
	c, exist := newCloud(t), false
	c.world.AgentsExist = func() bool { return exist }
	for _, agent := range []string{
		"service-123456789012@compute-system.iam.gserviceaccount.com", "service-123456789012@container-engine-robot.iam.gserviceaccount.com",
		"service-123456789012@gcp-sa-cloud-sql.iam.gserviceaccount.com", "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com",
	} {
		grant := map[string]any{"cryptoKeyId": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "member": "serviceAccount:" + agent}
		exist = false
		_, _, err := c.create(gcp.TypeCryptoKeyMember, agent, grant)
		require.ErrorContains(t, err, agent+" does not exist")
		assert.True(t, retry.IsTransient(gcp.TypeCryptoKeyMember, err.Error()), "the stack tries again: %v", err)
		exist = true
		c.must(gcp.TypeCryptoKeyMember, agent, grant)
	}
	exist = false
	c.must(gcp.TypeCryptoKeyMember, "a person", map[string]any{"cryptoKeyId": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "role": "roles/cloudkms.viewer", "member": "user:ada@example.com"})
}

func TestWhatIsEncryptedWaitsForAGrantThatIsNotKnownEverywhere(t *testing.T) {
	t.Parallel()
	const key = "projects/coditect-cloud-infra/locations/us-central1/keyRings/ring/cryptoKeys/key"
	for typ, test := range map[string]struct {
		agent  string
		inputs map[string]any
	}{
		gcp.TypeRedisInstance: {"cloud-redis", map[string]any{"name": "seats", "memorySizeGb": 1, "region": "us-central1", "customerManagedKey": key}},
		gcp.TypeRepository:    {"gcp-sa-artifactregistry", map[string]any{"repositoryId": "images", "format": "DOCKER", "location": "us-central1", "kmsKeyName": key}},
		gcp.TypeLogBucket: {"gcp-sa-logging", map[string]any{
			"project": "coditect-cloud-infra", "bucketId": "audit", "location": "us-central1", "cmekSettings": map[string]any{"kmsKeyName": key},
		}},
		gcp.TypeSecret: {"gcp-sa-secretmanager", map[string]any{"secretId": "s", "replication": map[string]any{"userManaged": map[string]any{"replicas": []any{
			map[string]any{"location": "us-central1", "customerManagedEncryption": map[string]any{"kmsKeyName": key}},
		}}}}},
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			c, known := newCloud(t), false
			c.world.GrantsKnown = func() bool { return known }
			c.must(gcp.TypeKeyRing, "ring", map[string]any{"name": "ring", "location": "us-central1"})
			c.must(gcp.TypeCryptoKey, "key", map[string]any{"name": "key", "keyRing": "projects/coditect-cloud-infra/locations/us-central1/keyRings/ring"})
			c.must(gcp.TypeCryptoKeyMember, "grant", map[string]any{
				"cryptoKeyId": key, "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
				"member": "serviceAccount:service-" + gcp.ProjectNumber + "@" + test.agent + ".iam.gserviceaccount.com",
			})
			_, _, err := c.create(typ, "x", test.inputs)
			require.Error(t, err)
			assert.True(t, retry.IsTransient(typ, err.Error()), "the stack tries again: %v", err)
			assert.True(t, retry.HasHook(typ))
			known = true
			c.must(typ, "x", test.inputs)
		})
	}
}

func TestAConnectionWaitsForTheAgentOfServiceNetworking(t *testing.T) {
	t.Parallel()
	c, exist := newCloud(t), false
	network, _ := c.must(gcp.TypeNetwork, "net", map[string]any{"name": "net"})
	c.must(gcp.TypeGlobalAddress, "ours", map[string]any{"name": "ours", "purpose": "VPC_PEERING", "addressType": "INTERNAL", "network": network})
	c.world.AgentsExist = func() bool { return exist }
	connection := map[string]any{"network": network, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{"ours"}}
	_, _, err := c.create(gcp.TypeConnection, "connection", connection)
	require.ErrorContains(t, err, "invalid authentication credentials")
	assert.True(t, retry.IsTransient(gcp.TypeConnection, err.Error()), "the stack tries again: %v", err)
	exist = true
	c.must(gcp.TypeConnection, "connection", connection)
}
