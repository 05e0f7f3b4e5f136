package gcp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/stack/retry"
)

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
