package plan

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatTheFileHoldsEncryptedStaysEncrypted(t *testing.T) {
	t.Parallel()
	settings, err := parse("prod", []byte(`
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
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"config: {gcp:project: p}": "gcp:project is no key of this project",
		"settings: {}":             `unknown field "settings"`,
	} {
		_, err := parse("prod", []byte(text))
		assert.ErrorContains(t, err, says)
	}
	_, err := Make("../..", "production")
	require.ErrorContains(t, err, `stack "production" is not known; there are local, dev, prod`)
	_, err = Make(t.TempDir(), "prod")
	require.ErrorContains(t, err, "read the settings of stack prod")
}

func TestACopyOfAResourceCanBeChangedAndTheResourceStays(t *testing.T) {
	t.Parallel()
	text := resource.NewProperty[string]
	r := Resource{properties: resource.PropertyMap{"a": resource.NewProperty(resource.PropertyMap{"b": resource.MakeSecret(text("x")), "c": text("y")})}}
	changed, ok := r.With("a.c", "z")
	require.True(t, ok)
	assert.Equal(t, "z", changed.Get("a.c"))
	removed, ok := r.With("a.c", nil)
	require.True(t, ok)
	assert.Nil(t, removed.Get("a.c"))
	assert.Equal(t, "y", r.Get("a.c"))
	assert.Equal(t, "x", r.Get("a.b"))
	assert.Equal(t, map[string]any{"a": map[string]any{"b": "[secret]", "c": "y"}}, r.Shown())
	_, ok = r.With("a[", 1)
	assert.False(t, ok)
}
