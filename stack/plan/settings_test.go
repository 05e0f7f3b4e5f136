package plan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatTheFileHoldsEncryptedStaysEncrypted(t *testing.T) {
	t.Parallel()
	settings, secrets, err := parse("prod", []byte(`
secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k
encryptedkey: AAAA
config:
  license-platform:migrationPassword: {secure: v1:abc}
  license-platform:platform: {project: p}
  license-platform:observe: {emails: [{secure: v1:def}], hook: {secure: v1:ghi}}
`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"platform": map[string]any{"project": "p"},
		"observe":  map[string]any{"emails": []any{placeholder}, "hook": placeholder},
	}, settings)
	assert.Equal(t, map[string]string{"migrationPassword": placeholder}, secrets)
}

func TestAStackOfOnesOwnIsPlannedFromItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	content, err := os.ReadFile("../../Pulumi.dev.yaml")
	require.NoError(t, err)
	content = append(content, "  license-platform:pagerDutyKey: {secure: v1:abc}\n  pulumi:tags: {team: licences}\n"...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.staging.yaml"), content, 0o600))
	own, err := Make(dir, "staging")
	require.NoError(t, err)
	dev, err := Make("../..", "dev")
	require.NoError(t, err)
	assert.Len(t, own.Resources, len(dev.Resources)+1, "the same, and where PagerDuty is told")
	assert.Equal(t, "staging", own.Stack)
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"config: {gcp:project: p}": "gcp:project is not a key of this project",
		"settings: {}":             `unknown field "settings"`,
	} {
		_, _, err := parse("prod", []byte(text))
		assert.ErrorContains(t, err, says)
	}
	_, err := Make("../..", "production")
	require.ErrorContains(t, err, `stack "production" is not known, as there is no Pulumi.production.yaml; there are dev, local, prod`)
	_, err = Make("../..", "../prod")
	require.ErrorContains(t, err, "is not a name of a stack")
	_, err = Make(t.TempDir(), "prod")
	require.ErrorContains(t, err, `stack "prod" is not known, as there is no Pulumi.prod.yaml; there are none`)
}
