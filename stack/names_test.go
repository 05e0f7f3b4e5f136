package stack_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/plan"
)

// namelessKinds are those whose names Google or the provider makes, on purpose:
// the name of a deleted Cloud SQL instance is blocked for a week, the others are
// numbered by Google.
func namelessKinds() []string {
	return []string{
		sqlInstance, "gcp:kms/cryptoKeyVersion:CryptoKeyVersion", "gcp:secretmanager/secretVersion:SecretVersion",
		"gcp:identityplatform/tenant:Tenant", "gcp:identityplatform/config:Config", "gcp:monitoring/alertPolicy:AlertPolicy",
		"gcp:monitoring/notificationChannel:NotificationChannel", "gcp:binaryauthorization/policy:Policy",
		"gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", "gcp:monitoring/dashboard:Dashboard",
	}
}

func TestEveryGoogleResourceIsNamedOnPurpose(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		identifying := []string{"name", "accountId", "bucketId", "repositoryId", "secretId", "serviceId", "sloId", "service", "role", "priority", "network"}
		for _, r := range made.Resources {
			if !strings.HasPrefix(r.Type, "gcp:") || !r.Custom {
				continue
			}
			named := slices.ContainsFunc(identifying, func(key string) bool { return r.Get(key) != nil && r.Get(key) != "" })
			if slices.Contains(namelessKinds(), r.Type) {
				assert.Nil(t, r.Get("name"), "%s %s", r.Type, r.Name)
				continue
			}
			assert.True(t, named, "%s %s would be named by the provider", r.Type, r.Name)
		}
	})
}
