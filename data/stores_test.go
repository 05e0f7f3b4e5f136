package data_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/declared"
)

func TestTheDatabaseIsReachedPrivatelyAndEncryptedOnly(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	instance := l.One(t, kindSQL, "stores")

	assert.Equal(t, map[string]any{
		"ipv4Enabled":      false,
		"privateNetwork":   "projects/acme/global/networks/vpc",
		"allocatedIpRange": "google-services",
		"sslMode":          "ENCRYPTED_ONLY",
	}, instance.Get("settings.ipConfiguration"))
	assert.True(t, l.ComesAfter(instance, l.One(t, kindService, "peering")), "the peering exists first")
}

func TestTheDatabaseHasTheEditionThatItsTierBelongsTo(t *testing.T) {
	t.Parallel()
	instance := declare(t, valid()).One(t, kindSQL, "stores")

	assert.Equal(t, "POSTGRES_16", instance.Get("databaseVersion"))
	assert.Equal(t, "ENTERPRISE", instance.Get("settings.edition"))
	assert.Equal(t, "db-custom-2-7680", instance.Get("settings.tier"))
	assert.Equal(t, "REGIONAL", instance.Get("settings.availabilityType"))
	assert.NotContains(t, instance.Inputs(), "name", "a deleted instance's name is blocked for a week")
}

func TestAnUpdateLeavesTheDatabasesDiskAsItHasGrown(t *testing.T) {
	t.Parallel()
	instance := declare(t, valid()).One(t, kindSQL, "stores")

	assert.ElementsMatch(t, []string{"settings.diskSize", "settings.diskType"}, instance.IgnoreChanges)
}

func TestTheDatabaseCanBeRestored(t *testing.T) {
	t.Parallel()
	instance := declare(t, valid()).One(t, kindSQL, "stores")

	assert.Equal(t, map[string]any{
		"enabled":                     true,
		"startTime":                   "03:00",
		"location":                    "us-central1",
		"pointInTimeRecoveryEnabled":  true,
		"transactionLogRetentionDays": 7.0,
		"backupRetentionSettings":     map[string]any{"retainedBackups": 30.0, "retentionUnit": "COUNT"},
	}, instance.Get("settings.backupConfiguration"))
}

func TestTheDatabaseLogsWhoDidWhatButNoValues(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Flags = map[string]string{"max_connections": "200"}
	instance := declare(t, settings).One(t, kindSQL, "stores")

	flags := map[string]any{}
	var order []string
	for _, listed := range instance.Get("settings.databaseFlags").([]any) {
		flag := listed.(map[string]any)
		flags[flag["name"].(string)] = flag["value"]
		order = append(order, flag["name"].(string))
	}

	assert.Equal(t, map[string]any{
		"cloudsql.enable_pgaudit":     "on",
		"cloudsql.iam_authentication": "on",
		"log_checkpoints":             "on",
		"log_connections":             "on",
		"log_disconnections":          "on",
		"log_lock_waits":              "on",
		"log_min_duration_statement":  "-1",
		"log_min_error_statement":     "error",
		"log_min_messages":            "warning",
		"log_statement":               "ddl",
		"log_temp_files":              "0",
		"max_connections":             "200",
		"pgaudit.log":                 "ddl,role,write",
	}, flags)
	assert.IsIncreasing(t, order, "another order would be a difference at every preview")
}

func TestTheMigrationLogsInByPasswordAndTheAPIByItsServiceAccount(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	migration, api := l.One(t, kindUser, "stores-migration"), l.One(t, kindUser, "stores-api")

	assert.Equal(t, "BUILT_IN", migration.Get("type"))
	assert.Equal(t, "license-migrate", migration.Get("name"))
	assert.Equal(t, "CLOUD_IAM_SERVICE_ACCOUNT", api.Get("type"))
	assert.Equal(t, "license-api@acme.iam", api.Get("name"))
	assert.NotContains(t, api.Inputs(), "password")
	for _, user := range []declared.Resource{migration, api} {
		assert.Equal(t, "ABANDON", user.Get("deletionPolicy"), "a role that owns objects cannot be deleted")
	}
}

func TestTheCacheNeverDropsALease(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	cache := l.One(t, kindRedis, "stores")

	assert.Equal(t, map[string]any{"maxmemory-policy": "noeviction", "notify-keyspace-events": "Ex"}, cache.Get("redisConfigs"))
	assert.Equal(t, "STANDARD_HA", cache.Get("tier"))
	assert.Equal(t, map[string]any{"persistenceMode": "RDB", "rdbSnapshotPeriod": "ONE_HOUR"}, cache.Get("persistenceConfig"))
}

func TestTheCacheIsReachedPrivatelyWithTLSAndAuth(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	cache := l.One(t, kindRedis, "stores")

	assert.Equal(t, "PRIVATE_SERVICE_ACCESS", cache.Get("connectMode"))
	assert.Equal(t, "google-services", cache.Get("reservedIpRange"))
	assert.Equal(t, "SERVER_AUTHENTICATION", cache.Get("transitEncryptionMode"))
	assert.Equal(t, true, cache.Get("authEnabled"))
	assert.True(t, l.ComesAfter(cache, l.One(t, kindService, "peering")), "the peering exists first")
	port, _ := known[int](t, l.stores.RedisPort)
	assert.Equal(t, 6378, port, "the instance's own port")
}

func TestEverySecretIsStoredAsASecretInTheStacksRegionOnly(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	stored := map[string]any{}
	for _, version := range l.Every(t, kindContent) {
		assert.True(t, version.Secret("secretData"), version.Name)
		stored[version.Name] = version.Get("secretData")
	}

	assert.Equal(t, map[string]any{
		"stores-license-redis-auth":         "the-auth-string",
		"stores-license-migration-password": "the-migration-password",
	}, stored)
	for _, secret := range l.Every(t, kindSecret) {
		replicas := secret.Get("replication.userManaged.replicas").([]any)
		require.Len(t, replicas, 1, secret.Name)
		assert.Equal(t, "us-central1", replicas[0].(map[string]any)["location"], secret.Name)
	}
}

func TestNoOutputCarriesAPassword(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	for _, output := range []pulumi.StringOutput{
		l.stores.APIUser, l.stores.MigrationUser, l.stores.RedisHost,
		l.stores.RedisServerCA, l.stores.RedisAuthSecret, l.stores.MigrationPasswordSecret,
	} {
		text, secret := known[string](t, output)
		assert.False(t, secret, "a reference to a secret is none, and would hide the Deployment from previews: %s", text)
		for _, password := range []string{"the-auth-string", "the-migration-password"} {
			assert.NotContains(t, text, password)
		}
	}
}

func TestTheCachesAuthorityIsTold(t *testing.T) {
	t.Parallel()
	redis, _ := known[string](t, declare(t, valid()).stores.RedisServerCA)
	assert.Equal(t, "redis\n", redis)
}

func TestWhatCannotBeMadeAgainIsProtected(t *testing.T) {
	t.Parallel()
	off := false
	unprotected := valid()
	unprotected.DeletionProtection = &off

	for protected, l := range map[bool]*layer{true: declare(t, valid()), false: declare(t, unprotected)} {
		instance := l.One(t, kindSQL, "stores")
		assert.Equal(t, protected, instance.Get("deletionProtection"))
		assert.Equal(t, protected, instance.Get("settings.deletionProtectionEnabled"))
		for _, d := range []declared.Resource{instance, l.One(t, kindDatabase, "stores"), l.One(t, kindRedis, "stores"), l.One(t, kindRing, "keys")} {
			assert.Equal(t, protected, d.Protect, d.Type)
		}
	}
}

func TestImagesThatAStackRunsStayAndTheNewestToo(t *testing.T) {
	t.Parallel()
	images := declare(t, valid()).One(t, kindImages, "stores")

	assert.Equal(t, "DOCKER", images.Get("format"))
	assert.Equal(t, "DELETE", images.Get("cleanupPolicies[0].action"))
	assert.Equal(t, "7776000s", images.Get("cleanupPolicies[0].condition.olderThan"), "90 days")
	assert.Equal(t, "KEEP", images.Get("cleanupPolicies[1].action"))
	assert.Equal(t, []any{data.RunsTag, data.NextTag}, images.Get("cleanupPolicies[1].condition.tagPrefixes"))
	assert.Equal(t, "KEEP", images.Get("cleanupPolicies[2].action"))
	assert.Equal(t, 20.0, images.Get("cleanupPolicies[2].mostRecentVersions.keepCount"))
}
