package data

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/coditect-ai/license-platform/setting"
)

// States a signing version can be declared in.
const (
	// Enabled versions are published in the JWKS and can sign.
	Enabled = "ENABLED"
	// Disabled versions neither sign nor verify: tokens they signed are no
	// longer accepted. The material stays and can be enabled again.
	Disabled = "DISABLED"
)

// SigningSettings are the key that signs license tokens and its versions. An
// asymmetric key never rotates by itself: a rotation is a new entry in
// Versions, and, once every verifier has fetched the new public key, a new
// Active.
// https://cloud.google.com/kms/docs/key-rotation#asymmetric
type SigningSettings struct {
	// Key is the name of the key, 1 to 63 letters, digits, _ or -.
	// Default "license-signing".
	Key string `json:"key"`
	// Protection is the protection level: SOFTWARE (default) or HSM. It cannot
	// be changed after the key is made.
	Protection string `json:"protection"`
	// Versions are the key's versions, oldest first. An entry that leaves the
	// list is kept in Cloud KMS while deletion protection is on.
	Versions []SigningVersion `json:"versions"`
	// Active names the version that signs: an enabled one of Versions.
	Active string `json:"active"`
}

// SigningVersion is one version of the signing key.
type SigningVersion struct {
	// Name tells the versions apart in this program, for example "2026-11":
	// lower-case letters, digits and -, at most 32.
	Name string `json:"name"`
	// State is ENABLED (default) or DISABLED.
	State string `json:"state"`
}

var versionNameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func (s SigningSettings) withDefaults() SigningSettings {
	s.Key = cmp.Or(s.Key, "license-signing")
	s.Protection = cmp.Or(s.Protection, Software)
	versions := make([]SigningVersion, len(s.Versions))
	for i, version := range s.Versions {
		version.State = cmp.Or(version.State, Enabled)
		versions[i] = version
	}
	s.Versions = versions
	return s
}

func (s SigningSettings) validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	setting.Matches(&found, "key", s.Key, keyRingForm, "1 to 63 letters, digits, _ or -")
	setting.OneOf(&found, "protection", s.Protection, Software, HSM)
	if len(s.Versions) == 0 {
		found.Add("versions", "none", "a key without a version cannot sign", "at least one version")
		return found
	}
	states := make(map[string]string, len(s.Versions))
	for i, version := range s.Versions {
		key := fmt.Sprintf("versions[%d]", i)
		setting.Matches(&found, key+".name", version.Name, versionNameForm, "1 to 32 lower-case letters, digits or -")
		setting.OneOf(&found, key+".state", version.State, Enabled, Disabled)
		if _, twice := states[version.Name]; twice {
			found.Add(key+".name", version.Name, "is used twice", "a name of its own")
		}
		states[version.Name] = version.State
	}
	if states[s.Active] != Enabled {
		found.Add("active", s.Active, "is not an enabled version", "the name of an enabled entry of versions")
	}
	return found
}
