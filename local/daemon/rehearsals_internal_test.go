package daemon

import (
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/google/kms"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
	"github.com/coditect-ai/license-platform/observe/alert"
)

// tells says which alerts over log entries fire for what the audit trail has.
func tells(t *testing.T, d *Daemon) (names []string) {
	t.Helper()
	about := alert.Subject{Workload: alert.Workload{Namespace: "coditect-app"}, KeyRing: "keys", Secrets: []string{"license-redis-auth", "license-migration-password"}}
	for _, a := range alert.All(about, alert.Thresholds{}) {
		for _, entry := range d.audit.Recent() {
			if a.Filter != "" && selects(t, a.Filter, entry) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

func TestAKeyVersionIsScheduledForDestructionAndBroughtBackAsThePlaybookSays(t *testing.T) {
	t.Parallel()
	d := databaseDaemon(t)
	var err error
	d.kms, err = kms.Open(t.TempDir(), d.log)
	require.NoError(t, err)
	t.Cleanup(d.kms.Close)
	const ring = "projects/acme/locations/us-central1/keyRings/keys"
	require.NoError(t, d.kms.CreateKeyRing(ring))
	_, err = d.kms.CreateKey(t.Context(), kms.Key{
		Name: ring + "/cryptoKeys/signing", Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN,
		Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256, ProtectionLevel: kmspb.ProtectionLevel_SOFTWARE,
	})
	require.NoError(t, err)
	const version = ring + "/cryptoKeys/signing/cryptoKeyVersions/1"
	require.ErrorContains(t, d.destroyKeyVersions(t.Context(), true), "there is no version of a signing key yet", "nobody has declared it")
	require.NoError(t, d.store.Put(store.Resource{
		Type: gcp.TypeCryptoKeyVersion, ID: version, URN: "urn:pulumi:local::p::t::v", Outputs: map[string]any{"state": "ENABLED"},
	}))

	require.NoError(t, d.destroyKeyVersions(t.Context(), true))
	assert.True(t, d.kms.DestroyScheduled(version))
	assert.Equal(t, []string{"KeyVersionDestroyed"}, tells(t, d))
	require.NoError(t, d.restoreKeyVersions())
	_, err = d.kms.PublicKey(version)
	require.NoError(t, err, "it can be used again")
	assert.Len(t, d.audit.Recent(), 3, "destroyed, restored, enabled")
	assert.Equal(t, []string{"KeyVersionDestroyed"}, tells(t, d), "bringing it back is no alert")
	require.NoError(t, d.restoreKeyVersions())
	assert.Len(t, d.audit.Recent(), 3, "what is well is left alone")
}

func TestReadsOfSecretsByAPersonAreToldWhereTheyAreAudited(t *testing.T) {
	t.Parallel()
	d := databaseDaemon(t)
	var err error
	d.secrets, err = secretmanager.Open(t.TempDir())
	require.NoError(t, err)
	const secret = "projects/acme/secrets/license-redis-auth"
	require.NoError(t, d.secrets.CreateSecret(secret))
	version, err := d.secrets.AddVersion(secret, []byte("hush"))
	require.NoError(t, err)
	require.NoError(t, d.store.Put(store.Resource{Type: gcp.TypeSecretVersion, ID: version, URN: "urn:pulumi:local::p::t::s"}))

	require.ErrorContains(t, d.readSecrets(t.Context(), true), "no data access log")
	require.NoError(t, d.store.Put(store.Resource{Type: gcp.TypeAuditConfig, ID: "a", Inputs: map[string]any{"service": secretsAPI}}))
	require.NoError(t, d.readSecrets(t.Context(), true))
	assert.Equal(t, []string{"SecretReadByPerson"}, tells(t, d))
	assert.NotContains(t, d.audit.Recent()[0]["protoPayload"], "hush")
	require.NoError(t, d.readSecrets(t.Context(), false))
	assert.Len(t, d.audit.Recent(), 1)
}
