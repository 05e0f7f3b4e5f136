package data

import (
	"cmp"
	"regexp"

	"github.com/coditect-ai/license-platform/setting"
)

// Protection levels of a key: where its key material is kept.
// https://cloud.google.com/kms/docs/reference/rest/v1/ProtectionLevel
const (
	// Software keeps key material in software: about 1000 signatures a second
	// a region.
	Software = "SOFTWARE"
	// HSM keeps key material in a hardware security module (FIPS 140-2 level
	// 3): about 50 asymmetric signatures a second a region.
	// https://cloud.google.com/kms/quotas
	HSM = "HSM"
)

const (
	ninetyDays = 90 * 24 * 60 * 60
	thirtyDays = 30 * 24 * 60 * 60
	aDay       = 24 * 60 * 60
	aHundred20 = 120 * 24 * 60 * 60
)

// KeySettings are the key ring and the keys that encrypt data at rest.
type KeySettings struct {
	// Ring is the name of the key ring, 1 to 63 letters, digits, _ or -. A ring
	// can never be deleted from Google Cloud, nor its name be used again: after
	// a destroy, a new stack in the same project and region needs another name.
	// https://cloud.google.com/kms/docs/destroy-restore
	// Default "coditect-license-keys".
	Ring string `json:"ring"`
	// Protection is the protection level of the encryption keys: SOFTWARE
	// (default) or HSM. It cannot be changed after a key is made.
	Protection string `json:"protection"`
	// RotationSeconds is the age at which Cloud KMS makes a new primary
	// version, at least one day. Default 7776000 (90 days, the CIS benchmark's
	// upper bound).
	// https://cloud.google.com/kms/docs/key-rotation
	RotationSeconds int `json:"rotationSeconds"`
	// DestroySeconds is how long a version that is scheduled for destruction
	// can still be restored, 1 to 120 days. Default 2592000 (30 days). It
	// cannot be changed after a key is made.
	// https://cloud.google.com/kms/docs/destroy-restore
	DestroySeconds int `json:"destroySeconds"`
}

var keyRingForm = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,63}$`)

func (s KeySettings) withDefaults() KeySettings {
	s.Ring = cmp.Or(s.Ring, "coditect-license-keys")
	s.Protection = cmp.Or(s.Protection, Software)
	s.RotationSeconds = cmp.Or(s.RotationSeconds, ninetyDays)
	s.DestroySeconds = cmp.Or(s.DestroySeconds, thirtyDays)
	return s
}

func (s KeySettings) validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	setting.Matches(&found, "ring", s.Ring, keyRingForm, "1 to 63 letters, digits, _ or -")
	setting.OneOf(&found, "protection", s.Protection, Software, HSM)
	setting.InRange(&found, "rotationSeconds", s.RotationSeconds, aDay+1, ninetyDays, "seconds (more than a day, at most 90 days)")
	setting.InRange(&found, "destroySeconds", s.DestroySeconds, aDay, aHundred20, "seconds (1 to 120 days)")
	return found
}
