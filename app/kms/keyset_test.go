package kms

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestAVersionThatWasDisabledLeavesThePublishedKeysWithinAnHour(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	second := google.AddVersion(t)
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	set := NewKeySet(client, []string{apptest.KeyVersion, second})
	published := func() string {
		content, err := set.JSON(t.Context())
		require.NoError(t, err)
		return string(content)
	}
	assert.Contains(t, published(), "license-signing.1")

	google.Disable(apptest.KeyVersion)
	assert.Contains(t, published(), "license-signing.1", "the set is kept for an hour")
	google.Refuse.Store(true)
	set.read = set.read.Add(-refresh)
	assert.Contains(t, published(), "license-signing.1", "and longer while KMS is away")
	google.Refuse.Store(false)
	set.read = set.read.Add(-refresh)
	assert.NotContains(t, published(), "license-signing.1")
	assert.Contains(t, published(), "license-signing.2")
}
