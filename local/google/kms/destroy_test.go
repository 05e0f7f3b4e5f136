package kms

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAScheduledDestructionHappensWhenItIsDueAndForGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "spare"), 0o700))
	for _, name := range []string{"0.key", "1.key"} { // never taken, and slow to make
		require.NoError(t, os.WriteFile(filepath.Join(dir, "spare", name), []byte("no key"), 0o600))
	}
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer s.Close()
	clock := time.Now()
	s.now = func() time.Time { return clock }
	const ring = "projects/p/locations/us-central1/keyRings/r"
	require.NoError(t, s.CreateKeyRing(ring))
	_, err = s.CreateKey(t.Context(), Key{
		Name: ring + "/cryptoKeys/k", Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN, Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256,
		DestroyScheduledDuration: 24 * time.Hour,
	})
	require.NoError(t, err)
	version := ring + "/cryptoKeys/k/cryptoKeyVersions/1"
	require.NoError(t, s.SetVersionState(version, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED))

	clock = clock.Add(24*time.Hour - time.Second)
	assert.Equal(t, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED, stateOf(t, s))
	clock = clock.Add(time.Second)
	assert.Equal(t, kmspb.CryptoKeyVersion_DESTROYED, stateOf(t, s))

	assert.Equal(t, codes.FailedPrecondition, status.Code(s.SetVersionState(version, kmspb.CryptoKeyVersion_DISABLED)), "it cannot be restored")
	require.NoError(t, s.CreateKeyRing(ring+"2"), "the next change writes it down")
	content, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	assert.NotContains(t, string(content), `"private"`, "the key pair is gone from disk")
}

func stateOf(t *testing.T, s *Service) kmspb.CryptoKeyVersion_CryptoKeyVersionState {
	t.Helper()
	versions, err := s.Versions("projects/p/locations/us-central1/keyRings/r/cryptoKeys/k")
	require.NoError(t, err)
	require.Len(t, versions, 1)
	return versions[0].State
}
