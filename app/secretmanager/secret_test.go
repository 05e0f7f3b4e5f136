package secretmanager_test

import (
	"testing"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/secretmanager"
)

func TestASecretIsReadWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	const name = "projects/p/secrets/s/versions/1"
	values, err := secretmanager.Read(t.Context(), google.Endpoint, google.CA, name, "", name)
	require.NoError(t, err)
	assert.Equal(t, []string{apptest.Password, "", apptest.Password}, values, "a secret without a name is none")

	for what, damage := range map[string]func(*secretmanagerpb.SecretPayload){
		"changed":            func(p *secretmanagerpb.SecretPayload) { p.Data = append(p.Data, ' ') },
		"without a checksum": func(p *secretmanagerpb.SecretPayload) { p.DataCrc32C = nil },
	} {
		google.Damage(func(answer any) {
			if a, ok := answer.(*secretmanagerpb.AccessSecretVersionResponse); ok {
				damage(a.Payload)
			}
		})
		_, err := secretmanager.Read(t.Context(), google.Endpoint, google.CA, name)
		require.ErrorContains(t, err, "its CRC32C does not match", what)
		assert.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), apptest.Password)
	}
}
