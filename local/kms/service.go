// Package kms is Cloud KMS on this machine: the gRPC API that the license API
// calls, and Go methods that the provider calls.
package kms

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"
)

// Key is a CryptoKey.
type Key struct {
	// Name is projects/P/locations/L/keyRings/R/cryptoKeys/K.
	Name string `json:"name"`
	// Purpose is ENCRYPT_DECRYPT or ASYMMETRIC_SIGN.
	Purpose kmspb.CryptoKey_CryptoKeyPurpose `json:"purpose"`
	// Algorithm is that of new versions: GOOGLE_SYMMETRIC_ENCRYPTION,
	// RSA_SIGN_PKCS1_4096_SHA512 or another RSA_SIGN_PKCS1_* algorithm.
	Algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm `json:"algorithm"`
	// ProtectionLevel is SOFTWARE or HSM.
	ProtectionLevel kmspb.ProtectionLevel `json:"protectionLevel"`
	// DestroyScheduledDuration is how long a destroyed version can be restored,
	// 30 days when zero.
	DestroyScheduledDuration time.Duration `json:"destroyScheduledDuration"`
	// SkipInitialVersion leaves the key without a version.
	SkipInitialVersion bool `json:"skipInitialVersion"`
	// Primary is the full name of the version that encrypts, empty for a signing key.
	Primary string `json:"primary"`
}

// Version is a CryptoKeyVersion.
type Version struct {
	// Name is KEY/cryptoKeyVersions/N.
	Name      string
	Number    int
	State     kmspb.CryptoKeyVersion_CryptoKeyVersionState
	Algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm
	Created   time.Time
}

// Service is safe for concurrent use. Its errors are gRPC status errors with
// the codes of the real API.
type Service struct{}

var errNotBuilt = errors.New("not built yet")

// Open reads the keys kept in dir (0600), or starts without any, and begins to
// make spare RSA-4096 keys in the background, as each takes seconds.
func Open(dir string, log *slog.Logger) (*Service, error) { return nil, errNotBuilt }

// Close ends the background work.
func (s *Service) Close() {}

// Register adds the API (google.cloud.kms.v1.KeyManagementService) to a server.
func (s *Service) Register(server grpc.ServiceRegistrar) {}

// CreateKeyRing makes projects/P/locations/L/keyRings/R. ALREADY_EXISTS when it
// is there: rings can never be deleted, as on Google Cloud.
func (s *Service) CreateKeyRing(name string) error { return errNotBuilt }

// CreateKey makes a key, and its version 1 unless SkipInitialVersion is set.
func (s *Service) CreateKey(ctx context.Context, key Key) (Key, error) { return Key{}, errNotBuilt }

// UpdateKey changes DestroyScheduledDuration is immutable on Google Cloud; only
// labels and rotation can change there, which are not kept here, so UpdateKey
// merely checks that the key exists and that nothing immutable differs.
func (s *Service) UpdateKey(ctx context.Context, key Key) error { return errNotBuilt }

// CreateVersion makes the next version of a key and waits for its key pair.
func (s *Service) CreateVersion(ctx context.Context, key string) (Version, error) {
	return Version{}, errNotBuilt
}

// SetVersionState enables, disables or schedules the destruction of a version
// (DESTROY_SCHEDULED), or restores it (DISABLED).
func (s *Service) SetVersionState(ctx context.Context, version string, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	return errNotBuilt
}

// HasKeyRing says whether the ring exists.
func (s *Service) HasKeyRing(name string) bool { return false }

// Key returns the key with this name, NOT_FOUND when there is none.
func (s *Service) Key(name string) (Key, error) { return Key{}, errNotBuilt }

// Versions lists a key's versions in the order of their numbers.
func (s *Service) Versions(key string) ([]Version, error) { return nil, errNotBuilt }

// PublicKey returns the PEM public key of an asymmetric version.
func (s *Service) PublicKey(ctx context.Context, version string) (string, error) {
	return "", errNotBuilt
}
