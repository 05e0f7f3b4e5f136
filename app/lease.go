package app

import (
	"crypto/rand"
	"strings"
	"time"
)

// Kind says how a lease is kept.
type Kind string

// The kinds of lease.
const (
	// KindFloating is kept by heartbeats.
	KindFloating Kind = "floating"
	// KindBorrowed is valid offline until a fixed time. Acquire and heartbeats make it a
	// floating one when a lease time from now is later than that.
	KindBorrowed Kind = "borrowed"
)

// Reason says why a lease is over.
type Reason string

// The ends of a lease.
const (
	// ReasonReleased: its holder gave it back.
	ReasonReleased Reason = "released"
	// ReasonExpired: no heartbeat came in time.
	ReasonExpired Reason = "expired"
	// ReasonForced: an administrator took it, or erased its holder's data.
	ReasonForced Reason = "forced"
	// ReasonCancelled: it was reserved but never given to a client, because signing or
	// the ledger failed.
	ReasonCancelled Reason = "cancelled"
	// ReasonTaken: the licence was full, and gave its seat to another device.
	ReasonTaken Reason = "taken"
)

// Lease is one seat, held by one device for a time.
type Lease struct {
	Tenant  string
	License string
	// ID is the licence's id, an underscore, and 26 random characters, so that a
	// heartbeat finds the licence without asking the ledger.
	ID          string
	Kind        Kind
	Fingerprint string
	User        string
	Email       string
	Address     string
	// GrantedAt and ExpiresAt are by the clock of the seats' store. The ledger
	// keeps the ExpiresAt of the last grant; heartbeats move only the live one.
	GrantedAt time.Time
	ExpiresAt time.Time
	// SeatedAt is when the lease last took its seat: at its grant, or when the live
	// seats were rebuilt. Only the ledger sets it.
	SeatedAt time.Time
	// Reservation is the group whose reserved seat the lease has, "" for none.
	Reservation string
	// EndedAt is zero while the lease is open.
	EndedAt time.Time
	Reason  Reason
}

// Ref returns the name of the lease's licence.
func (l Lease) Ref() LicenseRef { return LicenseRef{Tenant: l.Tenant, License: l.License} }

// Ending is a lease that lost its seat and has to be ended in the ledger.
type Ending struct {
	Lease string
	// At is the time of the seats' clock when the seat was freed. A lease that was
	// seated again later than At is not ended, unless the reason is final.
	At     time.Time
	Reason Reason
	// By is who asked for it.
	By Origin
}

// Final says that a lease with this ending is never revived.
func (r Reason) Final() bool {
	return r == ReasonReleased || r == ReasonForced || r == ReasonTaken
}

const leaseSuffix = 26

// NewLeaseID returns a fresh id for a lease of the licence, not to be guessed.
func NewLeaseID(license string) string {
	return license + "_" + strings.ToLower(rand.Text())
}

// LicenseOfLease returns the licence that a lease id belongs to, and false when
// the text is not a lease id at all.
func LicenseOfLease(lease string) (license string, ok bool) {
	license, suffix, found := strings.Cut(lease, "_")
	if !found || len(suffix) != leaseSuffix || !validLicenseID(license) {
		return "", false
	}
	for _, c := range []byte(suffix) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return "", false
		}
	}
	return license, true
}

// maxFingerprint bounds what a client may send to name its device.
const maxFingerprint = 256

// validFingerprint accepts 1 to 256 visible ASCII characters.
func validFingerprint(fingerprint string) bool {
	if fingerprint == "" || len(fingerprint) > maxFingerprint {
		return false
	}
	for _, c := range []byte(fingerprint) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return true
}
