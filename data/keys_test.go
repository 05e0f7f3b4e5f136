package data_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
)

func TestEveryEncryptionKeyCanBeUsedByItsServiceAgentAndNobodyElse(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	users := map[string]string{}
	for _, grant := range l.every(t, kindKeyGrant) {
		assert.Equal(t, "roles/cloudkms.cryptoKeyEncrypterDecrypter", grant.value(t, "role"))
		key := grant.value(t, "cryptoKeyId").(string)
		assert.NotContains(t, users, key, "one user a key")
		users[key] = grant.value(t, "member").(string)
	}

	assert.Equal(t, map[string]string{
		"id-of-keys-sql":      "serviceAccount:service-123456789@gcp-sa-cloud-sql.iam.gserviceaccount.com",
		"id-of-keys-redis":    "serviceAccount:service-123456789@cloud-redis.iam.gserviceaccount.com",
		"id-of-keys-secrets":  "serviceAccount:service-123456789@gcp-sa-secretmanager.iam.gserviceaccount.com",
		"id-of-keys-registry": "serviceAccount:service-123456789@gcp-sa-artifactregistry.iam.gserviceaccount.com",
		"id-of-keys-cluster":  "serviceAccount:service-123456789@container-engine-robot.iam.gserviceaccount.com",
		"id-of-keys-disks":    "serviceAccount:service-123456789@compute-system.iam.gserviceaccount.com",
		"id-of-keys-logs":     "serviceAccount:cmek-p123456789@gcp-sa-logging.iam.gserviceaccount.com",
	}, users)
}

func TestNobodyIsGivenAKeyOfTheWholeRing(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	for _, d := range l.all {
		assert.NotContains(t, d.kind, "KeyRingIAM", d.name)
	}
}

func TestEncryptionKeysRotateEveryNinetyDays(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	for _, use := range []string{"sql", "redis", "secrets", "cluster", "disks", "logs", "registry"} {
		key := l.one(t, kindKey, "keys-"+use)
		assert.Equal(t, "7776000s", key.value(t, "rotationPeriod"), use)
		assert.Equal(t, "ENCRYPT_DECRYPT", key.value(t, "purpose"), use)
		assert.Equal(t, "cmek-"+use, key.value(t, "name"), use)
	}
}

func TestAServiceAgentExistsBeforeItIsGrantedItsKey(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	apis := map[string]any{}
	for _, agent := range l.every(t, kindAgent) {
		grant := l.one(t, kindKeyGrant, agent.name)
		assert.True(t, l.waitsFor(grant, agent), agent.name)
		assert.True(t, l.waitsFor(agent, l.one(t, kindService, "cloudkms")), "APIs are enabled first")
		apis[agent.name] = agent.value(t, "service")
	}
	assert.Equal(t, map[string]any{
		"keys-sql":      "sqladmin.googleapis.com",
		"keys-redis":    "redis.googleapis.com",
		"keys-secrets":  "secretmanager.googleapis.com",
		"keys-registry": "artifactregistry.googleapis.com",
	}, apis)
}

func TestNothingIsEncryptedBeforeItsKeyIsGranted(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	for _, encrypted := range []struct{ kind, name, property, key string }{
		{kindSQL, "stores", "encryptionKeyName", "sql"},
		{kindRedis, "stores", "customerManagedKey", "redis"},
		{kindSecret, "stores-license-redis-auth", "replication.userManaged.replicas[0].customerManagedEncryption.kmsKeyName", "secrets"},
		{kindSecret, "stores-license-migration-password", "replication.userManaged.replicas[0].customerManagedEncryption.kmsKeyName", "secrets"},
		{kindImages, "stores", "kmsKeyName", "registry"},
	} {
		d := l.one(t, encrypted.kind, encrypted.name)
		assert.Equal(t, "id-of-keys-"+encrypted.key, d.value(t, encrypted.property), d.kind)
		assert.True(t, l.waitsFor(d, l.one(t, kindKeyGrant, "keys-"+encrypted.key)), d.kind)
	}
	for use, key := range map[string]pulumi.StringOutput{"logs": l.keys.Logs, "cluster": l.keys.Cluster, "disks": l.keys.Disks} {
		id, _ := known[string](t, key)
		assert.Equal(t, "id-of-keys-"+use, id)
	}
}

func TestAnAdoptedClusterLeavesOutTheKeysOnlyACreatedOneUses(t *testing.T) {
	t.Parallel()
	l := &layer{recorder: &recorder{computed: computed}}
	require.NoError(t, l.run(func(ctx *pulumi.Context) error { return l.program(ctx, valid(), true) }))

	assert.Len(t, l.of(kindKey), 6, "sql, redis, secrets, registry, logs and the signing key")
	id, _ := known[string](t, l.keys.Disks)
	assert.Empty(t, id)
}

func TestTheSigningKeyHasNeitherARotationNorAVersionOfItsOwn(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	key := l.one(t, kindKey, "keys-signing")

	assert.Equal(t, "ASYMMETRIC_SIGN", key.value(t, "purpose"))
	assert.Equal(t, "RSA_SIGN_PKCS1_4096_SHA512", key.value(t, "versionTemplate.algorithm"))
	assert.Equal(t, true, key.value(t, "skipInitialVersionCreation"))
	assert.Equal(t, "2592000s", key.value(t, "destroyScheduledDuration"))
	assert.NotContains(t, key.inputs, "rotationPeriod", "Cloud KMS refuses one on an asymmetric key")
}

func TestEveryEnabledSigningVersionIsPublishedInTheOrderOfTheSettings(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.Signing.Versions = []data.SigningVersion{
		{Name: "2026-05", State: data.Disabled},
		{Name: "2026-08"},
		{Name: "2026-11", State: data.Enabled},
	}
	l := declare(t, settings)

	published, _ := known[[]string](t, l.keys.SigningVersions)
	active, _ := known[string](t, l.keys.ActiveSigningVersion)

	assert.Equal(t, []string{"full-name-of-keys-signing-2026-08", "full-name-of-keys-signing-2026-11"}, published)
	assert.Equal(t, "full-name-of-keys-signing-2026-11", active)
	assert.Equal(t, "DISABLED", l.one(t, kindVersion, "keys-signing-2026-05").value(t, "state"))
	older, newer := l.one(t, kindVersion, "keys-signing-2026-08"), l.one(t, kindVersion, "keys-signing-2026-11")
	assert.True(t, l.waitsFor(newer, older), "Cloud KMS numbers versions as they come")
}

func TestAKeyIsNeverLostByMistake(t *testing.T) {
	t.Parallel()
	off := false
	unprotected := valid()
	unprotected.DeletionProtection = &off

	for _, d := range keysAndVersions(t, declare(t, valid())) {
		assert.True(t, d.rpc.GetProtect(), d.name)
		assert.True(t, d.rpc.GetRetainOnDelete(), d.name)
	}
	for _, d := range keysAndVersions(t, declare(t, unprotected)) {
		assert.False(t, d.rpc.GetProtect(), d.name)
		assert.False(t, d.rpc.GetRetainOnDelete(), d.name)
	}
}

func keysAndVersions(t *testing.T, l *layer) []declared {
	t.Helper()
	return append(l.every(t, kindKey), l.every(t, kindVersion)...)
}

func TestTheFirstPreviewOfAnEmptyProjectAsksGoogleNothing(t *testing.T) {
	t.Parallel()
	l := &layer{recorder: &recorder{computed: computed, preview: true}}

	require.NoError(t, l.run(func(ctx *pulumi.Context) error { return l.program(ctx, valid(), false) }))

	assert.Empty(t, l.calls, "Cloud Logging would answer that its API is not enabled")
	assert.Len(t, l.every(t, kindKeyGrant), 7)
}
