package kms_test

import (
	"context"
	"errors"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func stateOf(t *testing.T, client kmspb.KeyManagementServiceClient, version string) kmspb.CryptoKeyVersion_CryptoKeyVersionState {
	t.Helper()
	found, err := client.GetCryptoKeyVersion(t.Context(), &kmspb.GetCryptoKeyVersionRequest{Name: version})
	require.NoError(t, err)
	return found.GetState()
}

func TestAVersionIsPendingUntilItsKeyPairIsGenerated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
	client := dial(t, s)
	seen := 0
	s.BeforePair(func() error {
		seen++
		assert.Equal(t, kmspb.CryptoKeyVersion_PENDING_GENERATION, stateOf(t, client, first))
		_, err := client.GetPublicKey(context.Background(), &kmspb.GetPublicKeyRequest{Name: first})
		assert.Equal(t, codes.FailedPrecondition, status.Code(err))
		assert.ErrorContains(t, err, "PENDING_GENERATION")
		// Who starts again after a crash finds no half of a version.
		left := open(t, dir)
		versions, err := left.Versions(signing)
		assert.NoError(t, err)
		assert.Empty(t, versions)
		if seen == 1 {
			return errors.New("no entropy")
		}
		return nil
	})

	_, err := s.CreateVersion(t.Context(), signing)
	require.ErrorContains(t, err, "no entropy")
	made, err := s.CreateVersion(t.Context(), signing)
	require.NoError(t, err)
	assert.Equal(t, first, made.Name)
	assert.Equal(t, 2, seen)
	assert.Equal(t, kmspb.CryptoKeyVersion_ENABLED, stateOf(t, client, first))
}

func TestInEveryStateButEnabledAVersionHasNoPublicKeyAndSignsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
	_, err := s.CreateVersion(t.Context(), signing)
	require.NoError(t, err)
	client := dial(t, s)
	for number, name := range kmspb.CryptoKeyVersion_CryptoKeyVersionState_name {
		state := kmspb.CryptoKeyVersion_CryptoKeyVersionState(number)
		if state == kmspb.CryptoKeyVersion_CRYPTO_KEY_VERSION_STATE_UNSPECIFIED || state == kmspb.CryptoKeyVersion_ENABLED {
			continue
		}
		require.NoError(t, s.ForceState(first, state))
		if state != kmspb.CryptoKeyVersion_DESTROY_SCHEDULED { // without a date it is due
			assert.Equal(t, state, stateOf(t, client, first))
		}
		_, err := client.GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: first})
		assert.Equal(t, codes.FailedPrecondition, status.Code(err), name)
		digest := &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: make([]byte, 32)}}
		_, err = client.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{Name: first, Digest: digest})
		assert.Equal(t, codes.FailedPrecondition, status.Code(err), name)
	}
	assert.Equal(t, codes.InvalidArgument, status.Code(s.ForceState(first, 99)))
}
