package data_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/declared"
)

func TestEveryEncryptionKeyCanBeUsedByItsServiceAgentAndNobodyElse(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	users := map[string]string{}
	for _, grant := range l.Every(t, kindKeyGrant) {
		assert.Equal(t, "roles/cloudkms.cryptoKeyEncrypterDecrypter", grant.Get("role"))
		key := grant.Get("cryptoKeyId").(string)
		assert.NotContains(t, users, key, "one user a key")
		users[key] = grant.Get("member").(string)
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

	for _, d := range l.Resources {
		assert.NotContains(t, d.Type, "KeyRingIAM", d.Name)
	}
}

func TestEncryptionKeysRotateEveryNinetyDays(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	for _, use := range []string{"sql", "redis", "secrets", "cluster", "disks", "logs", "registry"} {
		key := l.One(t, kindKey, "keys-"+use)
		assert.Equal(t, "7776000s", key.Get("rotationPeriod"), use)
		assert.Equal(t, "ENCRYPT_DECRYPT", key.Get("purpose"), use)
		assert.Equal(t, "cmek-"+use, key.Get("name"), use)
	}
}

func TestAServiceAgentExistsBeforeItIsGrantedItsKey(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	apis := map[string]any{}
	for _, agent := range l.Every(t, kindAgent) {
		grant := l.One(t, kindKeyGrant, agent.Name)
		assert.True(t, l.ComesAfter(grant, agent), agent.Name)
		assert.True(t, l.ComesAfter(agent, l.One(t, kindService, "cloudkms")), "APIs are enabled first")
		apis[agent.Name] = agent.Get("service")
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
		d := l.One(t, encrypted.kind, encrypted.name)
		assert.Equal(t, "id-of-keys-"+encrypted.key, d.Get(encrypted.property), d.Type)
		assert.True(t, l.ComesAfter(d, l.One(t, kindKeyGrant, "keys-"+encrypted.key)), d.Type)
	}
	for use, key := range map[string]pulumi.StringOutput{"logs": l.keys.Logs, "cluster": l.keys.Cluster, "disks": l.keys.Disks} {
		id, _ := known[string](t, key)
		assert.Equal(t, "id-of-keys-"+use, id)
	}
}

func TestAnAdoptedClusterLeavesOutTheKeysOnlyACreatedOneUses(t *testing.T) {
	t.Parallel()
	l := &layer{Recorder: &declared.Recorder{Cloud: declared.Echo{Computed: computed}}}
	require.NoError(t, l.Run(func(ctx *pulumi.Context) error { return l.program(ctx, valid(), true) }))

	assert.Len(t, l.Of(kindKey), 6, "sql, redis, secrets, registry, logs and the signing key")
	id, _ := known[string](t, l.keys.Disks)
	assert.Empty(t, id)
}

func TestTheSigningKeyHasNeitherARotationNorAVersionOfItsOwn(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	key := l.One(t, kindKey, "keys-signing")

	assert.Equal(t, "ASYMMETRIC_SIGN", key.Get("purpose"))
	assert.Equal(t, "RSA_SIGN_PKCS1_4096_SHA512", key.Get("versionTemplate.algorithm"))
	assert.Equal(t, true, key.Get("skipInitialVersionCreation"))
	assert.Equal(t, "2592000s", key.Get("destroyScheduledDuration"))
	assert.NotContains(t, key.Inputs(), "rotationPeriod", "Cloud KMS refuses one on an asymmetric key")
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
	assert.Equal(t, "DISABLED", l.One(t, kindVersion, "keys-signing-2026-05").Get("state"))
	older, newer := l.One(t, kindVersion, "keys-signing-2026-08"), l.One(t, kindVersion, "keys-signing-2026-11")
	assert.True(t, l.ComesAfter(newer, older), "Cloud KMS numbers versions as they come")
}

func TestAKeyIsNeverLostByMistake(t *testing.T) {
	t.Parallel()
	off := false
	unprotected := valid()
	unprotected.DeletionProtection = &off

	for _, d := range keysAndVersions(t, declare(t, valid())) {
		assert.True(t, d.Protect, d.Name)
		assert.True(t, d.RetainOnDelete, d.Name)
	}
	for _, d := range keysAndVersions(t, declare(t, unprotected)) {
		assert.False(t, d.Protect, d.Name)
		assert.False(t, d.RetainOnDelete, d.Name)
	}
}

func keysAndVersions(t *testing.T, l *layer) []declared.Resource {
	t.Helper()
	return append(l.Every(t, kindKey), l.Every(t, kindVersion)...)
}

func TestTheFirstPreviewOfAnEmptyProjectAsksGoogleNothing(t *testing.T) {
	t.Parallel()
	l := &layer{Recorder: &declared.Recorder{Cloud: declared.Echo{Computed: computed, WithoutIDs: true}}}

	require.NoError(t, l.Run(func(ctx *pulumi.Context) error { return l.program(ctx, valid(), false) }, declared.Preview))

	assert.Empty(t, l.Calls, "Cloud Logging would answer that its API is not enabled")
	assert.Len(t, l.Every(t, kindKeyGrant), 7)
}
