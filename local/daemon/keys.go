package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/kms"
)

// keys adapts the key management service to the provider and its resources.
type keys struct {
	service *kms.Service
	mu      sync.Mutex // versions get their numbers one after the other
}

var _ gcp.Keys = (*keys)(nil)

// EnsureRing makes a key ring unless it exists.
func (k *keys) EnsureRing(name string) error {
	if k.service.HasKeyRing(name) {
		return nil
	}
	return k.service.CreateKeyRing(name)
}

// EnsureKey makes a key unless it exists.
func (k *keys) EnsureKey(ctx context.Context, key gcp.Key) error {
	_, err := k.service.Key(key.Name)
	if err == nil || status.Code(err) != codes.NotFound {
		return err
	}
	made := kms.Key{
		Name:               key.Name,
		Purpose:            kmspb.CryptoKey_CryptoKeyPurpose(kmspb.CryptoKey_CryptoKeyPurpose_value[key.Purpose]),
		Algorithm:          kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION,
		ProtectionLevel:    kmspb.ProtectionLevel_SOFTWARE,
		SkipInitialVersion: key.SkipInitialVersion,
	}
	if key.Algorithm != "" {
		made.Algorithm = kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm(kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm_value[key.Algorithm])
	}
	if key.ProtectionLevel != "" {
		made.ProtectionLevel = kmspb.ProtectionLevel(kmspb.ProtectionLevel_value[key.ProtectionLevel])
	}
	if key.DestroyScheduledDuration != "" {
		if made.DestroyScheduledDuration, err = time.ParseDuration(key.DestroyScheduledDuration); err != nil {
			return fmt.Errorf("destroyScheduledDuration of %s: %w", key.Name, err)
		}
	}
	_, err = k.service.CreateKey(ctx, made)
	return err
}

// EnsureVersion makes versions of a key up to this number.
func (k *keys) EnsureVersion(ctx context.Context, key string, number int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.LastVersion(key) < number {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if _, err := k.service.CreateVersion(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// LastVersion is the highest number a version of the key ever had.
func (k *keys) LastVersion(key string) int {
	versions, err := k.service.Versions(key)
	if err != nil || len(versions) == 0 {
		return 0
	}
	return versions[len(versions)-1].Number
}

// SetVersionState brings a version into a state, unless it is in it.
func (k *keys) SetVersionState(_ context.Context, version, state string) error {
	return k.service.SetVersionState(version, kmspb.CryptoKeyVersion_CryptoKeyVersionState(kmspb.CryptoKeyVersion_CryptoKeyVersionState_value[state]))
}

// PublicKey returns a version's public key as PEM.
func (k *keys) PublicKey(_ context.Context, version string) (string, error) {
	return k.service.PublicKey(version)
}
