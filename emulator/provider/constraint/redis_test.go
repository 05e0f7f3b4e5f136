package constraint_test

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	redisSDK     = "https://www.pulumi.com/registry/packages/gcp/api-docs/redis/instance/"
	redisAPI     = "https://cloud.google.com/memorystore/docs/redis/reference/rest/v1/projects.locations.instances"
	redisConfigs = "https://cloud.google.com/memorystore/docs/redis/supported-redis-configurations"
)

// cache is a Memorystore instance that the API takes.
func cache() map[string]any {
	return map[string]any{
		"name": "seats", "memorySizeGb": 1, "tier": "STANDARD_HA", "region": region, "authEnabled": true,
		"connectMode": "PRIVATE_SERVICE_ACCESS", "authorizedNetwork": networkID, "transitEncryptionMode": "SERVER_AUTHENTICATION",
		"redisConfigs":      map[string]any{"maxmemory-policy": "noeviction"},
		"persistenceConfig": map[string]any{"persistenceMode": "RDB", "rdbSnapshotPeriod": "ONE_HOUR"},
	}
}

func redisRows() []row {
	const typ = gcp.TypeRedisInstance
	keys := refusesUngranted(encrypted("an instance", typ, "customerManagedKey", "cloud-redis", cache(), peering()...),
		"Unable to delegate the access of CMEK", "https://github.com/hashicorp/terraform-provider-google/issues/17333")
	return slices.Concat(keys, []row{
		{
			what: "a tier that does not exist", typ: typ, right: cache(),
			change: changes{"tier": "GOLD"}, says: "expected tier to be one of", source: redisSDK,
		},
		{
			what: "no size", typ: typ, right: cache(),
			change: changes{"memorySizeGb": nil}, says: `The argument "memorySizeGb" is required`, source: redisSDK,
		},
		{
			what: "more than 300 GiB", typ: typ, right: cache(),
			change: changes{"memorySizeGb": 301}, says: "Must be between 1 and 300", source: redisAPI,
		},
		{
			what: "a setting that Memorystore does not take", typ: typ, right: cache(),
			change: changes{"redisConfigs": map[string]any{"requirepass": "secret"}}, says: "Invalid Redis configuration", source: redisConfigs,
		},
		{
			what: "TLS of a kind that does not exist", typ: typ, right: cache(),
			change: changes{"transitEncryptionMode": "MUTUAL"}, says: "expected transitEncryptionMode to be one of", source: redisSDK,
		},
		{
			what: "snapshots at another interval", typ: typ, right: cache(),
			change: changes{"persistenceConfig.rdbSnapshotPeriod": "TWO_HOURS"}, says: "expected persistenceConfig.rdbSnapshotPeriod to be one of", source: redisSDK,
		},
		{
			what: "a name of more than 41 characters", typ: typ, right: with(cache(), changes{"name": strings.Repeat("s", 41)}),
			change: changes{"name": strings.Repeat("s", 42)}, says: "doesn't match regexp", source: redisAPI,
		},
		{
			what: "PRIVATE_SERVICE_ACCESS without private services access", typ: typ, right: cache(), when: onCreate,
			lacking: peering(), says: "Google private services access is not enabled", source: privateRange,
		},
	})
}
