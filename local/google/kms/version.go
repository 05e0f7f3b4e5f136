package kms

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Version is a CryptoKeyVersion.
type Version struct {
	// Name is KEY/cryptoKeyVersions/N.
	Name   string
	Number int
	State  kmspb.CryptoKeyVersion_CryptoKeyVersionState
	// Algorithm is the one that its key had when the version was made.
	Algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm
	// ProtectionLevel is its key's.
	ProtectionLevel kmspb.ProtectionLevel
	Created         time.Time
	// DestroyAt is when a scheduled destruction happens, else zero.
	DestroyAt time.Time
}

func splitVersion(name string) (key string, number int, ok bool) {
	parts := regexp.MustCompile(`^(.+)/cryptoKeyVersions/([1-9][0-9]{0,8})$`).FindStringSubmatch(name)
	if parts == nil || !keyName.MatchString(parts[1]) {
		return "", 0, false
	}
	number, err := strconv.Atoi(parts[2])
	return parts[1], number, err == nil
}

func (k keyAndPairs) version(index int) Version {
	v := k.Versions[index]
	return Version{
		Name: k.Key.Name + "/cryptoKeyVersions/" + strconv.Itoa(index+1), Number: index + 1, State: v.State, Algorithm: v.Algorithm,
		ProtectionLevel: k.Key.ProtectionLevel, Created: v.Created, DestroyAt: v.DestroyAt,
	}
}

// CreateVersion makes the next version of a key and waits until it is enabled. Until its key
// pair is generated it is PENDING_GENERATION, as on Google Cloud
// (https://cloud.google.com/kms/docs/key-states). A call that fails leaves no version.
func (s *Service) CreateVersion(ctx context.Context, key string) (Version, error) {
	var made Version
	err := s.change(func(st *state) error {
		current, err := st.key(key)
		if err != nil {
			return err
		}
		current.Versions = append(current.Versions, versionAndPair{
			State: kmspb.CryptoKeyVersion_PENDING_GENERATION, Algorithm: current.Key.Algorithm, Created: s.now().UTC(),
		})
		made = current.version(len(current.Versions) - 1)
		st.Keys[key] = current
		return nil
	})
	if err != nil {
		return Version{}, err
	}
	private, err := s.newPair(ctx, made.Algorithm)
	if err != nil {
		return Version{}, errors.Join(err, s.change(func(st *state) error { return st.forget(made.Name) }))
	}
	err = s.change(func(st *state) error {
		current, index, err := st.version(made.Name)
		if err != nil {
			return err
		}
		current.Versions[index].State, current.Versions[index].Private = kmspb.CryptoKeyVersion_ENABLED, private
		if current.Key.Purpose == kmspb.CryptoKey_ENCRYPT_DECRYPT && current.Key.Primary == "" {
			current.Key.Primary = made.Name
		}
		made = current.version(index)
		st.Keys[key] = current
		return nil
	})
	return made, err
}

// SetVersionState moves a version between ENABLED and DISABLED, schedules its
// destruction (DESTROY_SCHEDULED), or restores a scheduled one (DISABLED).
// Setting the state that it has changes nothing; any other move is
// FAILED_PRECONDITION.
func (s *Service) SetVersionState(name string, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	return s.change(func(st *state) error {
		k, index, err := st.version(name)
		if err != nil {
			return err
		}
		v := &k.Versions[index]
		if v.State == to {
			return nil
		}
		if !mayMove(v.State, to) {
			return status.Errorf(codes.FailedPrecondition, "%s is %s and cannot become %s.", name, v.State, to)
		}
		v.State, v.DestroyAt = to, time.Time{}
		if to == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED {
			v.DestroyAt = s.now().Add(k.Key.DestroyScheduledDuration).UTC()
		}
		return nil
	})
}

// DestroyScheduled says whether a version is scheduled for destruction.
func (s *Service) DestroyScheduled(name string) bool {
	k, index, err := s.snapshot().version(name)
	return err == nil && k.Versions[index].State == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED
}

// mayMove follows https://cloud.google.com/kms/docs/key-states.
func mayMove(from, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) bool {
	switch from {
	case kmspb.CryptoKeyVersion_ENABLED:
		return to == kmspb.CryptoKeyVersion_DISABLED || to == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED
	case kmspb.CryptoKeyVersion_DISABLED:
		return to == kmspb.CryptoKeyVersion_ENABLED || to == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED
	case kmspb.CryptoKeyVersion_DESTROY_SCHEDULED:
		return to == kmspb.CryptoKeyVersion_DISABLED
	default:
		return false
	}
}

// Versions lists a key's versions in the order of their numbers.
func (s *Service) Versions(key string) ([]Version, error) {
	found, err := s.snapshot().key(key)
	if err != nil {
		return nil, err
	}
	versions := make([]Version, len(found.Versions))
	for i := range found.Versions {
		versions[i] = found.version(i)
	}
	return versions, nil
}
