package data

import (
	"slices"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings is what a stack can choose in layer 6. The zero value of a field
// means its default, so that a stack's file names only what it decides.
type Settings struct {
	// DeletionProtection guards everything that loses data when it goes: Pulumi
	// refuses to delete it, Google's own deletion protection is on where it
	// exists, and signing keys stay in the cloud even when they leave the
	// program. Default true.
	DeletionProtection *bool `json:"deletionProtection"`
	// Keys are the key ring and its encryption keys.
	Keys KeySettings `json:"keys"`
	// Signing is the key that signs license tokens.
	Signing SigningSettings `json:"signing"`
	// SQL is the database.
	SQL SQLSettings `json:"sql"`
	// Redis is the cache that counts seats.
	Redis RedisSettings `json:"redis"`
	// Registry is the repository of container images.
	Registry RegistrySettings `json:"registry"`
}

// Protected says whether what cannot be made again is guarded from deletion.
func (s Settings) Protected() bool {
	return s.DeletionProtection == nil || *s.DeletionProtection
}

// Validate lists everything that is wrong with the settings.
func (s Settings) Validate() setting.Problems {
	var found setting.Problems
	found = append(found, s.Keys.validate().Within("keys")...)
	found = append(found, s.Signing.validate().Within("signing")...)
	found = append(found, s.SQL.validate().Within("sql")...)
	found = append(found, s.Redis.validate().Within("redis")...)
	found = append(found, s.Registry.validate().Within("registry")...)
	if slices.Contains(encryptionKeyNames(), s.Signing.Key) {
		found.Add("signing.key", s.Signing.Key, "is the name of an encryption key of the same ring", "another name")
	}
	return found
}

// withDefaults returns the settings with every default filled in.
func (s Settings) withDefaults() Settings {
	s.Keys = s.Keys.withDefaults()
	s.Signing = s.Signing.withDefaults()
	s.SQL = s.SQL.withDefaults()
	s.Redis = s.Redis.withDefaults()
	s.Registry = s.Registry.withDefaults()
	return s
}
