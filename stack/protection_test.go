package stack_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// irreplaceable are the types whose loss loses data that nothing can make again.
func irreplaceable() []string {
	return []string{
		"gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyVersion:CryptoKeyVersion", sqlInstance, "gcp:sql/database:Database", redisInstance,
		"gcp:identityplatform/tenant:Tenant", "gcp:logging/projectBucketConfig:ProjectBucketConfig",
	}
}

func TestInProdNothingIrreplaceableCanBeDeletedByMistake(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod")
	for _, typ := range irreplaceable() {
		found := made.Of(typ)
		require.NotEmpty(t, found, typ)
		for _, r := range found {
			assert.True(t, r.Protect, "%s %s", r.Type, r.Name)
		}
	}
	assert.Equal(t, true, made.One(t, sqlInstance, "stores").Get("deletionProtection"))
	for _, r := range made.Of("gcp:kms/cryptoKeyVersion:CryptoKeyVersion") {
		assert.True(t, r.RetainOnDelete, "destroying %s would make every token it signed worthless", r.Name)
	}
}

func TestWhatIsMeantToBeDestroyedCanBe(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"local", "dev"} {
		made := stacktest.Deploy(t, name)
		for _, r := range made.Resources {
			assert.False(t, r.Protect, "%s: %s %s", name, r.Type, r.Name)
		}
		assert.Equal(t, false, made.One(t, sqlInstance, "stores").Get("deletionProtection"))
	}
}

func TestACreatedAddressIsProtectedUnlessTheSettingsSayOtherwise(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev", plan.Unset("network.edgeAddress.deletionProtection"))
	assert.True(t, made.One(t, "gcp:compute/globalAddress:GlobalAddress", "network-edge").Protect, "DNS records point at it")
}

func TestAClusterIsProtectedTwiceUnlessTheSettingsSayOtherwise(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev", plan.Unset("kubernetes.cluster.deletionProtection"))
	cluster := made.One(t, clusterType, "cluster")
	assert.True(t, cluster.Protect)
	assert.Equal(t, true, cluster.Get("deletionProtection"))
}

func TestADestroyNeverDisablesAnAPIThatOthersMayUse(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		enabled := made.Of(service)
		require.NotEmpty(t, enabled)
		for _, r := range enabled {
			assert.Equal(t, false, r.Get("disableOnDestroy"), r.Name)
		}
		assert.Equal(t, "ABANDON", made.One(t, connection, "network-private-services").Text("deletionPolicy"))
	})
}

func TestALockdownStopsTheLicenseAPIAndNothingElse(t *testing.T) {
	t.Parallel()
	usual := stacktest.Deploy(t, "prod")
	locked := stacktest.Deploy(t, "prod", plan.Set("platform.lockdown", true))

	for _, tenant := range locked.Of("gcp:identityplatform/tenant:Tenant") {
		assert.Equal(t, true, tenant.Get("disableAuth"), "nobody signs in")
	}
	signs := func(made *plan.Plan) bool {
		return slices.ContainsFunc(made.Of(keyGrant), func(r declared.Resource) bool { return r.Text("role") == "roles/cloudkms.signer" })
	}
	assert.True(t, signs(usual))
	assert.False(t, signs(locked), "nothing is signed")
	assert.Greater(t, len(locked.Of(armorRule)), len(usual.Of(armorRule)), "a rule refuses every request")
	assert.Equal(t, usual.One(t, ingressPatch, "ingress").Inputs(), locked.One(t, ingressPatch, "ingress").Inputs(), "the IDE goes on")
	assert.Equal(t, usual.One(t, deployment, "license-api").Inputs(), locked.One(t, deployment, "license-api").Inputs(), "the pods stay for the investigation")
}
