package data_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/pulumitest"
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
	}, instance.Value(t, "settings.ipConfiguration"))
	assert.True(t, l.WaitsFor(instance, l.One(t, kindService, "peering")), "the peering exists first")
}

func TestTheDatabaseHasTheEditionThatItsTierBelongsTo(t *testing.T) {
	t.Parallel()
	instance := declare(t, valid()).One(t, kindSQL, "stores")

	assert.Equal(t, "POSTGRES_16", instance.Value(t, "databaseVersion"))
	assert.Equal(t, "ENTERPRISE", instance.Value(t, "settings.edition"))
	assert.Equal(t, "db-custom-2-7680", instance.Value(t, "settings.tier"))
	assert.Equal(t, "REGIONAL", instance.Value(t, "settings.availabilityType"))
	assert.NotContains(t, instance.Inputs, "name", "a deleted instance's name is blocked for a week")
}

func TestAnUpdateLeavesTheDatabasesDiskAsItHasGrown(t *testing.T) {
	t.Parallel()
	instance := declare(t, valid()).One(t, kindSQL, "stores")

	assert.ElementsMatch(t, []string{"settings.diskSize", "settings.diskType"}, instance.RPC.GetIgnoreChanges())
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
	}, instance.Value(t, "settings.backupConfiguration"))
}

func TestTheDatabaseLogsWhoDidWhatButNoValues(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Flags = map[string]string{"max_connections": "200"}
	instance := declare(t, settings).One(t, kindSQL, "stores")

	flags := map[string]any{}
	var order []string
	for _, listed := range instance.Value(t, "settings.databaseFlags").([]any) {
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

	assert.Equal(t, "BUILT_IN", migration.Value(t, "type"))
	assert.Equal(t, "license-migrate", migration.Value(t, "name"))
	assert.Equal(t, "CLOUD_IAM_SERVICE_ACCOUNT", api.Value(t, "type"))
	assert.Equal(t, "license-api@acme.iam", api.Value(t, "name"))
	assert.NotContains(t, api.Inputs, "password")
	for _, user := range []pulumitest.Declared{migration, api} {
		assert.Equal(t, "ABANDON", user.Value(t, "deletionPolicy"), "a role that owns objects cannot be deleted")
	}
	secret, _ := known[string](t, l.stores.APIPasswordSecret)
	assert.Empty(t, secret)
}

func TestTheAPICanLogInByPasswordInstead(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Login = data.LoginPassword
	l := declare(t, settings)

	api := l.One(t, kindUser, "stores-api")

	assert.Equal(t, "BUILT_IN", api.Value(t, "type"))
	assert.Equal(t, "license-api", api.Value(t, "name"))
	assert.True(t, api.Inputs["password"].IsSecret())
	secret, _ := known[string](t, l.stores.APIPasswordSecret)
	assert.Equal(t, "version-of-stores-license-api-password", secret)
}

func TestALoginWithoutItsPasswordIsRefused(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Login = data.LoginPassword
	none := func(ctx *pulumi.Context) error {
		_, err := data.NewStores(ctx, "stores", &data.StoresArgs{Settings: settings, MigrationPassword: pulumi.String("x")})
		return err
	}

	err := (&pulumitest.Recorder{}).Run(none)

	require.Error(t, err)
	assert.ErrorContains(t, err, "set the secret databasePassword")
}

func TestTheCacheNeverDropsALease(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	cache := l.One(t, kindRedis, "stores")

	assert.Equal(t, map[string]any{"maxmemory-policy": "noeviction", "notify-keyspace-events": "Ex"}, cache.Value(t, "redisConfigs"))
	assert.Equal(t, "STANDARD_HA", cache.Value(t, "tier"))
	assert.Equal(t, map[string]any{"persistenceMode": "RDB", "rdbSnapshotPeriod": "ONE_HOUR"}, cache.Value(t, "persistenceConfig"))
}

func TestTheCacheIsReachedPrivatelyWithTLSAndAuth(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	cache := l.One(t, kindRedis, "stores")

	assert.Equal(t, "PRIVATE_SERVICE_ACCESS", cache.Value(t, "connectMode"))
	assert.Equal(t, "google-services", cache.Value(t, "reservedIpRange"))
	assert.Equal(t, "SERVER_AUTHENTICATION", cache.Value(t, "transitEncryptionMode"))
	assert.Equal(t, true, cache.Value(t, "authEnabled"))
	assert.True(t, l.WaitsFor(cache, l.One(t, kindService, "peering")), "the peering exists first")
	port, _ := known[int](t, l.stores.RedisPort)
	assert.Equal(t, 6378, port, "the instance's own port")
}

func TestEverySecretIsStoredAsASecretInTheStacksRegionOnly(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Login = data.LoginPassword
	l := declare(t, settings)

	stored := map[string]any{}
	for _, version := range l.Every(t, kindContent) {
		assert.True(t, version.Inputs["secretData"].IsSecret(), version.Name)
		stored[version.Name] = version.Value(t, "secretData")
	}

	assert.Equal(t, map[string]any{
		"stores-license-redis-auth":         "the-auth-string",
		"stores-license-migration-password": "the-migration-password",
		"stores-license-api-password":       "the-api-password",
	}, stored)
	for _, secret := range l.Every(t, kindSecret) {
		replicas := secret.Value(t, "replication.userManaged.replicas").([]any)
		require.Len(t, replicas, 1, secret.Name)
		assert.Equal(t, "us-central1", replicas[0].(map[string]any)["location"], secret.Name)
	}
}

func TestNoOutputCarriesAPassword(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Login = data.LoginPassword
	l := declare(t, settings)

	for _, output := range []pulumi.StringOutput{
		l.stores.SQLAddress, l.stores.SQLServerCA, l.stores.APIUser, l.stores.MigrationUser, l.stores.RedisHost,
		l.stores.RedisServerCA, l.stores.RedisAuthSecret, l.stores.MigrationPasswordSecret, l.stores.APIPasswordSecret,
	} {
		text, secret := known[string](t, output)
		assert.False(t, secret, "a reference to a secret is none, and would hide the Deployment from previews: %s", text)
		for _, password := range []string{"the-auth-string", "the-migration-password", "the-api-password"} {
			assert.NotContains(t, text, password)
		}
	}
}

func TestAllAuthoritiesAreTrustedWhileOneIsRotated(t *testing.T) {
	t.Parallel()
	l := declare(t, valid())

	sql, _ := known[string](t, l.stores.SQLServerCA)
	redis, _ := known[string](t, l.stores.RedisServerCA)

	assert.Equal(t, "old\nnew\n", sql)
	assert.Equal(t, "redis\n", redis)
}

func TestWhatCannotBeMadeAgainIsProtected(t *testing.T) {
	t.Parallel()
	off := false
	unprotected := valid()
	unprotected.DeletionProtection = &off

	for protected, l := range map[bool]*layer{true: declare(t, valid()), false: declare(t, unprotected)} {
		instance := l.One(t, kindSQL, "stores")
		assert.Equal(t, protected, instance.Value(t, "deletionProtection"))
		assert.Equal(t, protected, instance.Value(t, "settings.deletionProtectionEnabled"))
		for _, d := range []pulumitest.Declared{instance, l.One(t, kindDatabase, "stores"), l.One(t, kindRedis, "stores"), l.One(t, kindRing, "keys")} {
			assert.Equal(t, protected, d.RPC.GetProtect(), d.Kind)
		}
	}
}

func TestImagesThatAStackRunsStayAndTheNewestToo(t *testing.T) {
	t.Parallel()
	images := declare(t, valid()).One(t, kindImages, "stores")

	assert.Equal(t, "DOCKER", images.Value(t, "format"))
	assert.Equal(t, "DELETE", images.Value(t, "cleanupPolicies[0].action"))
	assert.Equal(t, "KEEP", images.Value(t, "cleanupPolicies[1].action"))
	assert.Equal(t, []any{data.RunsTag, data.NextTag}, images.Value(t, "cleanupPolicies[1].condition.tagPrefixes"))
	assert.Equal(t, "KEEP", images.Value(t, "cleanupPolicies[2].action"))
	assert.Equal(t, 20.0, images.Value(t, "cleanupPolicies[2].mostRecentVersions.keepCount"))
}
