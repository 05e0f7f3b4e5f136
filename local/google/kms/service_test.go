package kms_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/coditect-ai/license-platform/local/google/grpctest"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/kms"
)

const (
	ring    = "projects/p/locations/us-central1/keyRings/license"
	signing = ring + "/cryptoKeys/signing"
	first   = signing + "/cryptoKeyVersions/1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a service for keys that are not RSA-4096: the spares of that size,
// which take seconds to make, are there already and never taken.
func open(t *testing.T, dir string) *kms.Service {
	t.Helper()
	spare := filepath.Join(dir, "spare")
	require.NoError(t, os.MkdirAll(spare, 0o700))
	for _, name := range []string{"0.key", "1.key"} {
		require.NoError(t, os.WriteFile(filepath.Join(spare, name), []byte("no key"), 0o600))
	}
	return openWithSpares(t, dir)
}

func openWithSpares(t *testing.T, dir string) *kms.Service {
	t.Helper()
	s, err := kms.Open(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// dial serves the API in memory and returns a client of the official protos.
func dial(t *testing.T, s *kms.Service) kmspb.KeyManagementServiceClient {
	t.Helper()
	return kmspb.NewKeyManagementServiceClient(grpctest.Serve(t, s.Register))
}

func newKey(t *testing.T, s *kms.Service, algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) {
	t.Helper()
	require.NoError(t, s.CreateKeyRing(ring))
	_, err := s.CreateKey(t.Context(), kms.Key{Name: signing, Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN, Algorithm: algorithm, SkipInitialVersion: true})
	require.NoError(t, err)
}

func crc(data []byte) int64 {
	return int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func parsePublic(t *testing.T, text string) *rsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	require.NotNil(t, block)
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	require.IsType(t, &rsa.PublicKey{}, parsed)
	return parsed.(*rsa.PublicKey)
}

func TestASignatureVerifiesWithThePublishedKeyAndEveryChecksumFits(t *testing.T) {
	t.Parallel()
	s := openWithSpares(t, t.TempDir())
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512)
	began := time.Now()
	version, err := s.CreateVersion(t.Context(), signing)
	require.NoError(t, err)
	t.Logf("first RSA-4096 version: %s", time.Since(began))
	require.Equal(t, first, version.Name)
	client := dial(t, s)

	published, err := client.GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: first})
	require.NoError(t, err)
	assert.Equal(t, first, published.GetName())
	assert.Equal(t, crc([]byte(published.GetPem())), published.GetPemCrc32C().GetValue())
	assert.Equal(t, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512, published.GetAlgorithm())
	key := parsePublic(t, published.GetPem())
	assert.Equal(t, 4096, key.N.BitLen())

	sum := sha512.Sum512([]byte("a license token"))
	signed, err := client.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{
		Name: first, Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: sum[:]}}, DigestCrc32C: wrapperspb.Int64(crc(sum[:])),
	})
	require.NoError(t, err)
	assert.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA512, sum[:], signed.GetSignature()))
	assert.Equal(t, crc(signed.GetSignature()), signed.GetSignatureCrc32C().GetValue())
	assert.True(t, signed.GetVerifiedDigestCrc32C())
	assert.Equal(t, first, signed.GetName())
}

func TestARequestThatGoogleRefusesIsRefusedWithItsCode(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
	_, err := s.CreateVersion(t.Context(), signing)
	require.NoError(t, err)
	_, err = s.CreateKey(t.Context(), kms.Key{Name: ring + "/cryptoKeys/cmek", Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT})
	require.NoError(t, err)
	client := dial(t, s)
	right, wrong := sha256.Sum256(nil), sha512.Sum512(nil)
	digest := &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: right[:]}}
	for name, c := range map[string]struct {
		request *kmspb.AsymmetricSignRequest
		code    codes.Code
		says    string
	}{
		"a damaged digest":       {&kmspb.AsymmetricSignRequest{Name: first, Digest: digest, DigestCrc32C: wrapperspb.Int64(1)}, codes.InvalidArgument, "digest_crc32c"},
		"another hash":           {&kmspb.AsymmetricSignRequest{Name: first, Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: wrong[:]}}}, codes.InvalidArgument, "32 bytes"},
		"no digest":              {&kmspb.AsymmetricSignRequest{Name: first}, codes.InvalidArgument, "32 bytes"},
		"an unknown version":     {&kmspb.AsymmetricSignRequest{Name: signing + "/cryptoKeyVersions/9", Digest: digest}, codes.NotFound, "not found"},
		"an unknown key":         {&kmspb.AsymmetricSignRequest{Name: ring + "/cryptoKeys/x/cryptoKeyVersions/1", Digest: digest}, codes.NotFound, "not found"},
		"a name that is none":    {&kmspb.AsymmetricSignRequest{Name: signing, Digest: digest}, codes.InvalidArgument, "does not match"},
		"a key for other things": {&kmspb.AsymmetricSignRequest{Name: ring + "/cryptoKeys/cmek/cryptoKeyVersions/1", Digest: digest}, codes.FailedPrecondition, "ENCRYPT_DECRYPT"},
	} {
		_, err := client.AsymmetricSign(t.Context(), c.request)
		assert.Equal(t, c.code, status.Code(err), "%s: %v", name, err)
		assert.ErrorContains(t, err, c.says, name)
	}
	_, err = client.Encrypt(t.Context(), &kmspb.EncryptRequest{})
	assert.Equal(t, codes.Unimplemented, status.Code(err))
}

func TestAVersionThatIsNotEnabledSignsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
	_, err := s.CreateVersion(t.Context(), signing)
	require.NoError(t, err)
	client := dial(t, s)
	public := func() error {
		_, err := client.GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: first})
		return err
	}

	require.NoError(t, s.SetVersionState(first, kmspb.CryptoKeyVersion_DISABLED))
	assert.Equal(t, codes.FailedPrecondition, status.Code(public()))
	assert.ErrorContains(t, public(), first+" is not enabled, current state is: DISABLED")
	require.NoError(t, s.SetVersionState(first, kmspb.CryptoKeyVersion_ENABLED))
	assert.NoError(t, public())
	require.NoError(t, s.SetVersionState(first, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED))
	assert.Equal(t, codes.FailedPrecondition, status.Code(s.SetVersionState(first, kmspb.CryptoKeyVersion_ENABLED)), "it has to be restored first")
	described, err := client.GetCryptoKeyVersion(t.Context(), &kmspb.GetCryptoKeyVersionRequest{Name: first})
	require.NoError(t, err)
	assert.Equal(t, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED, described.GetState())
	assert.WithinDuration(t, time.Now().Add(30*24*time.Hour), described.GetDestroyTime().AsTime(), time.Minute)
	require.NoError(t, s.SetVersionState(first, kmspb.CryptoKeyVersion_DISABLED))
}

func TestKeysAreThereAfterARestartAndTheirFileIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kms")
	s := openWithSpares(t, dir)
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512)
	for range 3 {
		_, err := s.CreateVersion(t.Context(), signing)
		require.NoError(t, err)
	}
	before, err := s.PublicKey(first)
	require.NoError(t, err)
	s.Close()

	s = openWithSpares(t, dir)

	after, err := s.PublicKey(first)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	seen := map[string]bool{}
	versions, err := s.Versions(signing)
	require.NoError(t, err)
	for _, v := range versions {
		public, err := s.PublicKey(v.Name)
		require.NoError(t, err)
		seen[public] = true
	}
	assert.Len(t, seen, 3, "no key pair is used twice")
	info, err := os.Stat(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestDeclarationsThatGoogleRefusesAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	newKey(t, s, kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
	sign := kmspb.CryptoKey_ASYMMETRIC_SIGN
	rs256 := kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256
	for name, c := range map[string]struct {
		key  kms.Key
		code codes.Code
	}{
		"a name in use":                {kms.Key{Name: signing, Purpose: sign, Algorithm: rs256}, codes.AlreadyExists},
		"a ring that does not exist":   {kms.Key{Name: "projects/p/locations/us-central1/keyRings/x/cryptoKeys/k", Purpose: sign, Algorithm: rs256}, codes.NotFound},
		"an algorithm that encrypts":   {kms.Key{Name: signing + "2", Purpose: sign, Algorithm: kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION}, codes.InvalidArgument},
		"a destruction that is hasty":  {kms.Key{Name: signing + "2", Purpose: sign, Algorithm: rs256, DestroyScheduledDuration: time.Hour}, codes.InvalidArgument},
		"a name that is none":          {kms.Key{Name: "signing", Purpose: sign, Algorithm: rs256}, codes.InvalidArgument},
		"a purpose that is not served": {kms.Key{Name: signing + "2", Purpose: kmspb.CryptoKey_MAC}, codes.InvalidArgument},
	} {
		_, err := s.CreateKey(t.Context(), c.key)
		assert.Equal(t, c.code, status.Code(err), "%s: %v", name, err)
	}
	assert.Equal(t, codes.AlreadyExists, status.Code(s.CreateKeyRing(ring)))
	assert.True(t, s.HasKeyRing(ring))
}

func TestEveryMethodNeedsItsPermissionOnWhatItNames(t *testing.T) {
	t.Parallel()
	for permission, request := range map[string]any{
		iam.Sign:          &kmspb.AsymmetricSignRequest{Name: first},
		iam.PublicKeyView: &kmspb.GetPublicKeyRequest{Name: first},
		iam.VersionGet:    &kmspb.GetCryptoKeyVersionRequest{Name: first},
		iam.VersionList:   &kmspb.ListCryptoKeyVersionsRequest{Parent: signing},
		iam.KeyGet:        &kmspb.GetCryptoKeyRequest{Name: signing},
	} {
		need, err := kms.Need(request)
		require.NoError(t, err, permission)
		assert.Equal(t, permission, need.Permission)
		assert.Contains(t, []string{first, signing}, need.On.Name, permission)
	}
	for request, code := range map[any]codes.Code{
		&kmspb.AsymmetricSignRequest{}:                        codes.InvalidArgument,
		&kmspb.AsymmetricSignRequest{Name: signing}:           codes.InvalidArgument,
		&kmspb.ListCryptoKeyVersionsRequest{Parent: ring}:     codes.InvalidArgument,
		&kmspb.CreateCryptoKeyVersionRequest{Parent: signing}: codes.Unimplemented,
	} {
		_, err := kms.Need(request)
		assert.Equal(t, code, status.Code(err), "%T", request)
	}
}
