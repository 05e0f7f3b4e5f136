package kms_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/kms"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestATokenVerifiesWithThePublishedKeysAndFaultsAreSeen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	google := apptest.StartGoogle(t)
	failed := 0
	client, err := kms.Open(ctx, google.Endpoint, google.CA, func(_ string, _ time.Duration, err error) {
		if err != nil {
			failed++
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	signer, err := kms.NewSigner(client, apptest.KeyVersion)
	require.NoError(t, err)
	set := kms.NewKeySet(client, []string{apptest.KeyVersion})

	google.Refuse.Store(true)
	_, err = set.JSON(ctx)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	google.Refuse.Store(false)
	keys, err := set.JSON(ctx)
	require.NoError(t, err)
	google.Refuse.Store(true)
	again, err := set.JSON(ctx)
	require.NoError(t, err, "the last set is served while KMS is away")
	assert.Equal(t, keys, again)
	assert.Contains(t, string(keys), `"kid":"license-signing.1"`)

	claims := app.Claims{Subject: "demo", Audience: "ide", Lease: "l", Fingerprint: "f", NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix()}
	_, err = signer.Sign(ctx, claims)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	google.Refuse.Store(false)
	google.Corrupt.Store(true)
	_, err = signer.Sign(ctx, claims)
	assert.ErrorContains(t, err, "CRC32C")
	google.Corrupt.Store(false)
	token, err := signer.Sign(ctx, claims)
	require.NoError(t, err)
	_, err = verify.Token(keys, token, verify.Expected{Product: "ide", Fingerprint: "f"})
	require.NoError(t, err)
	assert.Equal(t, 3, failed)
}

func TestAKeyIDIsTheKeyAndItsVersion(t *testing.T) {
	t.Parallel()
	id, err := kms.KeyID(apptest.KeyVersion)
	require.NoError(t, err)
	assert.Equal(t, "license-signing.1", id)
	for _, wrong := range []string{"", "1", "projects/p/locations/l/keyRings/r/cryptoKeys/k", "projects/p/locations/l/keyRings/r/cryptoKeys//cryptoKeyVersions/1"} {
		_, err := kms.KeyID(wrong)
		assert.ErrorContains(t, err, "is not a key version's name", wrong)
	}
}
