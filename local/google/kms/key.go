package kms

import (
	"context"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// How long a destroyed version can be restored
// (https://cloud.google.com/kms/docs/destroy-restore).
const (
	defaultDestroyDelay = 30 * 24 * time.Hour
	minDestroyDelay     = 24 * time.Hour
	maxDestroyDelay     = 120 * 24 * time.Hour
)

// Key is a CryptoKey.
type Key struct {
	// Name is projects/P/locations/L/keyRings/R/cryptoKeys/K.
	Name string `json:"name"`
	// Purpose is ENCRYPT_DECRYPT or ASYMMETRIC_SIGN.
	Purpose kmspb.CryptoKey_CryptoKeyPurpose `json:"purpose"`
	// Algorithm is the algorithm of new versions: GOOGLE_SYMMETRIC_ENCRYPTION for
	// ENCRYPT_DECRYPT (the default there), RSA_SIGN_PKCS1_2048_SHA256, _3072_SHA256,
	// _4096_SHA256 or _4096_SHA512 for ASYMMETRIC_SIGN.
	Algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm `json:"algorithm"`
	// ProtectionLevel is SOFTWARE (the default) or HSM.
	ProtectionLevel kmspb.ProtectionLevel `json:"protectionLevel"`
	// DestroyScheduledDuration is how long a destroyed version can be restored:
	// 1 to 120 days, 30 days when zero.
	DestroyScheduledDuration time.Duration `json:"destroyScheduledDuration"`
	// SkipInitialVersion leaves the new key without a version.
	SkipInitialVersion bool `json:"skipInitialVersion"`
	// Primary is the full name of the version that encrypts, empty for a signing key.
	Primary string `json:"primary"`
}

// CreateKey makes a key, and its version 1 unless SkipInitialVersion is set.
// ALREADY_EXISTS when it is there: keys can never be deleted.
func (s *Service) CreateKey(ctx context.Context, key Key) (Key, error) {
	if err := key.complete(); err != nil {
		return Key{}, err
	}
	err := s.change(func(st *state) error {
		if ring := keyName.FindStringSubmatch(key.Name)[1]; !st.Rings[ring] {
			return status.Errorf(codes.NotFound, "KeyRing %s not found.", ring)
		}
		if _, exists := st.Keys[key.Name]; exists {
			return status.Errorf(codes.AlreadyExists, "CryptoKey %s already exists.", key.Name)
		}
		st.Keys[key.Name] = keyAndPairs{Key: key}
		return nil
	})
	if err != nil {
		return Key{}, err
	}
	if !key.SkipInitialVersion {
		if _, err := s.CreateVersion(ctx, key.Name); err != nil {
			return Key{}, err
		}
	}
	return s.Key(key.Name)
}

// complete fills in the defaults and refuses what the API refuses.
func (k *Key) complete() error {
	if !keyName.MatchString(k.Name) {
		return status.Errorf(codes.InvalidArgument, "the key's name %q does not match %s", k.Name, keyName)
	}
	if k.DestroyScheduledDuration == 0 {
		k.DestroyScheduledDuration = defaultDestroyDelay
	}
	if k.DestroyScheduledDuration < minDestroyDelay || k.DestroyScheduledDuration > maxDestroyDelay {
		return status.Errorf(codes.InvalidArgument, "destroy_scheduled_duration of %s is %s; allowed is 24h to 2880h", k.Name, k.DestroyScheduledDuration)
	}
	if k.ProtectionLevel == kmspb.ProtectionLevel_PROTECTION_LEVEL_UNSPECIFIED {
		k.ProtectionLevel = kmspb.ProtectionLevel_SOFTWARE
	}
	return k.checkAlgorithm()
}

func (k *Key) checkAlgorithm() error {
	switch k.Purpose {
	case kmspb.CryptoKey_ENCRYPT_DECRYPT:
		if k.Algorithm == kmspb.CryptoKeyVersion_CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED {
			k.Algorithm = kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION
		}
		if k.Algorithm != kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION {
			return status.Errorf(codes.InvalidArgument, "algorithm %s of %s does not fit purpose ENCRYPT_DECRYPT", k.Algorithm, k.Name)
		}
	case kmspb.CryptoKey_ASYMMETRIC_SIGN:
		if _, ok := schemes()[k.Algorithm]; !ok {
			return status.Errorf(codes.InvalidArgument, "algorithm %s of %s: the local KMS signs with RSA_SIGN_PKCS1_2048_SHA256, RSA_SIGN_PKCS1_3072_SHA256, RSA_SIGN_PKCS1_4096_SHA256 and RSA_SIGN_PKCS1_4096_SHA512", k.Algorithm, k.Name)
		}
	default:
		return status.Errorf(codes.InvalidArgument, "purpose %s of %s: the local KMS has ENCRYPT_DECRYPT and ASYMMETRIC_SIGN", k.Purpose, k.Name)
	}
	return nil
}

// Key returns the key with this name, NOT_FOUND when there is none.
func (s *Service) Key(name string) (Key, error) {
	found, err := s.snapshot().key(name)
	return found.Key, err
}
