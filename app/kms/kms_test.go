package kms_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
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
	_, _, err = set.JSON(ctx)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	google.Refuse.Store(false)
	keys, _, err := set.JSON(ctx)
	require.NoError(t, err)
	google.Refuse.Store(true)
	again, _, err := set.JSON(ctx)
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
	encoded, _, _ := strings.Cut(token, ".")
	header, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(t, err)
	assert.JSONEq(t, `{"alg":"RS512","kid":"license-signing.1","typ":"license+jwt"}`, string(header))
	assert.Equal(t, 3, failed)
}

func TestAnAnswerOfKMSThatWasDamagedIsNotUsed(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	client, err := kms.Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	signer, err := kms.NewSigner(client, apptest.KeyVersion)
	require.NoError(t, err)
	other := strings.TrimSuffix(apptest.KeyVersion, "1") + "2"
	for name, c := range map[string]struct {
		sign func(*kmspb.AsymmetricSignResponse)
		key  func(*kmspb.PublicKey)
		says string
	}{
		"KMS got another digest":          {sign: func(r *kmspb.AsymmetricSignResponse) { r.VerifiedDigestCrc32C = false }, says: "the digest was damaged on its way to KMS"},
		"another version signed":          {sign: func(r *kmspb.AsymmetricSignResponse) { r.Name = other }, says: "KMS signed with " + other},
		"the signature changed":           {sign: func(r *kmspb.AsymmetricSignResponse) { r.Signature[7] ^= 1 }, says: "the signature was damaged"},
		"the signature's checksum is off": {sign: func(r *kmspb.AsymmetricSignResponse) { r.SignatureCrc32C = nil }, says: "the signature was damaged"},
		"the public key changed":          {key: func(k *kmspb.PublicKey) { k.Pem += " " }, says: "the public key was damaged"},
		"the public key has no checksum":  {key: func(k *kmspb.PublicKey) { k.PemCrc32C = nil }, says: "the public key was damaged"},
		"the public key of another":       {key: func(k *kmspb.PublicKey) { k.Name = other }, says: "KMS returned the key " + other},
		"a key for another algorithm":     {key: func(k *kmspb.PublicKey) { k.Algorithm = kmspb.CryptoKeyVersion_RSA_SIGN_PSS_4096_SHA512 }, says: "RS512 needs RSA_SIGN_PKCS1_4096_SHA512"},
	} {
		google.Damage(func(answer any) {
			switch a := answer.(type) {
			case *kmspb.AsymmetricSignResponse:
				if c.sign != nil {
					c.sign(a)
				}
			case *kmspb.PublicKey:
				if c.key != nil {
					c.key(a)
				}
			}
		})
		_, err := signer.Sign(t.Context(), app.Claims{Subject: "demo"})
		if c.key != nil {
			require.NoError(t, err, name)
			_, _, err = kms.NewKeySet(client, []string{apptest.KeyVersion}).JSON(t.Context())
		}
		assert.Equal(t, app.CodeUnavailable, app.CodeOf(err), name)
		assert.ErrorContains(t, err, c.says, name)
	}
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
