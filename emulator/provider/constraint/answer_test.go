package constraint_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// answer is something that an API decides, and programs rely on.
type answer struct {
	what   string
	given  []made
	about  made
	path   string
	value  any
	source string
}

func answers() []answer {
	redis := made{gcp.TypeRedisInstance, "redis", cache()}
	plain := made{gcp.TypeRedisInstance, "redis", with(cache(), changes{"transitEncryptionMode": "DISABLED"})}
	account := made{gcp.TypeServiceAccount, "api", map[string]any{"accountId": "license-api"}}
	return []answer{
		{"Memorystore with TLS listens on 6378", peering(), redis, "port", 6378.0, "https://cloud.google.com/memorystore/docs/redis/about-in-transit-encryption"},
		{"Memorystore without TLS listens on 6379", peering(), plain, "port", 6379.0, "https://cloud.google.com/memorystore/docs/redis/about-in-transit-encryption"},
		{"an instance is connected to by project, region and name", peering(), made{gcp.TypeDatabaseInstance, "db", instance()}, "connectionName", project + ":" + region + ":db", sqlSDK},
		{"a service account has an address in its project", nil, account, "email", "license-api@" + project + ".iam.gserviceaccount.com", iamAccounts},
		{
			"a service acts by an account with the project's number", nil,
			made{"gcp:projects/serviceIdentity:ServiceIdentity", "agent", map[string]any{"service": "redis.googleapis.com"}},
			"email", "service-" + gcp.ProjectNumber + "@cloud-redis.iam.gserviceaccount.com", iamAgents,
		},
		{"an encryption key has a first version", key()[:1], key()[1], "primaries.0.name", keyID + "/cryptoKeyVersions/1", keysAPI},
		{"a subnet's gateway is its first address", []made{network()}, subnet(), "gatewayAddress", "10.0.0.1", "https://cloud.google.com/vpc/docs/subnets"},
	}
}

func TestTheAPIsAnswerWhatProgramsRelyOn(t *testing.T) {
	t.Parallel()
	for _, a := range answers() {
		t.Run(a.what, func(t *testing.T) {
			t.Parallel()
			require.True(t, strings.HasPrefix(a.source, "https://"))
			w := newFixture(t)
			w.make(append(a.given, a.about)...)
			present, exists := w.store.Get(a.about.typ, w.ids[a.about.urn()])
			require.True(t, exists)
			value, _ := provider.Properties(present.Outputs).At(a.path)
			assert.Equal(t, a.value, value)
		})
	}
}
