package app

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of a licence's numbers, enforced by License.Validate.
const (
	MaxSeats = 250_000
	// MaxLicenses is how many a tenant may create. Each licence that was ever used has a state in the store of
	// live seats, and when a tenant is suspended, the states of all its licences are changed one after the
	// other.
	MaxLicenses  = 10_000
	MinLeaseTTL  = 10 * time.Second
	MaxLeaseTTL  = 24 * time.Hour
	MaxBorrow    = 90 * 24 * time.Hour
	MaxOverage   = 2.0
	maxMetadata  = 32
	maxTextBytes = 256
)

// License is a right to run a product on so many devices at once.
type License struct {
	Tenant string
	// ID is unique within the tenant: lower-case letters, digits and hyphens, 1 to 63.
	ID string
	// Product names what is licensed; it is the audience of the licence token.
	Product string
	// Seats is the number of devices that may hold a lease at the same time.
	Seats int
	// LeaseTTL is how long a seat stays taken without a heartbeat.
	LeaseTTL time.Duration
	// HeartbeatInterval is how often clients are asked to send one.
	HeartbeatInterval time.Duration
	// ExpiresAt ends the licence; the zero time means never.
	ExpiresAt time.Time
	// MaxBorrow is the longest offline lease; 0 forbids borrowing.
	MaxBorrow time.Duration
	// Overage multiplies Seats when they are exhausted: 1 refuses at once, 1.2
	// lets a fifth more in.
	Overage float64
	// RequireFingerprint refuses leases without a device, of which every acquire takes one.
	RequireFingerprint bool
	// Policy is what the administrator decides about limits, features, grace and exhaustion.
	Policy
	Status Status
	// PromisedUntil is the latest end that heartbeats may have promised by a former, longer lease
	// time; zero when there was none. Only the ledger sets it.
	PromisedUntil time.Time
	// Metadata is the administrator's own text, shown to nobody else.
	Metadata  map[string]string
	CreatedAt time.Time
	UpdatedAt time.Time
	// Revision grows with every change of the licence or its tenant. Only the ledger
	// sets it.
	Revision int64
}

// LicenseRef names a licence of a tenant.
type LicenseRef struct{ Tenant, License string }

// Ref returns the licence's name.
func (l License) Ref() LicenseRef { return LicenseRef{Tenant: l.Tenant, License: l.ID} }

// Limit is the number of leases that may be live at once, overage included.
func (l License) Limit() int {
	return max(l.Seats, int(math.Floor(float64(l.Seats)*l.Overage+1e-9)))
}

// heartbeatsPerLease is the default, so that two may be lost.
const heartbeatsPerLease = 3

// Defaulted returns the licence with sensible values where none were given: a lease of 5
// minutes or of three heartbeats, three heartbeats a lease, no overage, active.
func (l License) Defaulted() License {
	if l.LeaseTTL == 0 {
		l.LeaseTTL = min(MaxLeaseTTL, max(5*time.Minute, heartbeatsPerLease*l.HeartbeatInterval))
	}
	if l.HeartbeatInterval == 0 {
		l.HeartbeatInterval = max(time.Second, (l.LeaseTTL / heartbeatsPerLease).Truncate(time.Second))
	}
	if l.Overage == 0 {
		l.Overage = 1
	}
	if l.WhenFull == "" {
		l.WhenFull = WhenFullRefuse
	}
	if l.Status == "" {
		l.Status = StatusActive
	}
	return l
}

// SetLeaseTTL changes the lease time of a licence that has one, and its heartbeat with it, if
// that was the default or is too long for the new lease.
func (l *License) SetLeaseTTL(ttl time.Duration) {
	usual := License{LeaseTTL: l.LeaseTTL}.Defaulted().HeartbeatInterval
	if l.HeartbeatInterval == usual || l.HeartbeatInterval >= ttl {
		l.HeartbeatInterval = License{LeaseTTL: ttl}.Defaulted().HeartbeatInterval
	}
	l.LeaseTTL = ttl
}

// Validate returns nil or an *Error with CodeValidation that lists every field
// that is wrong.
func (l License) Validate() error {
	var fields []FieldError
	add := func(ok bool, field, why string) {
		if !ok {
			fields = append(fields, FieldError{Field: "body." + field, Message: why})
		}
	}
	add(validLicenseID(l.ID), "id", "must be 1 to 63 lower-case letters, digits and hyphens, and start with a letter or digit")
	add(l.Product != "" && PlainText(l.Product), "product", "must be 1 to 256 bytes, without control characters")
	add(l.Seats >= 1 && l.Seats <= MaxSeats, "seats", fmt.Sprintf("must be 1 to %d", MaxSeats))
	add(l.LeaseTTL >= MinLeaseTTL && l.LeaseTTL <= MaxLeaseTTL, "leaseSeconds", "must be 10 to 86400")
	add(l.HeartbeatInterval >= time.Second && l.HeartbeatInterval < l.LeaseTTL, "heartbeatSeconds", "must be at least 1 and less than leaseSeconds")
	add(l.MaxBorrow >= 0 && l.MaxBorrow <= MaxBorrow, "maxBorrowSeconds", "must be 0 to 7776000 (90 days)")
	add(l.Overage >= 1 && l.Overage <= MaxOverage, "overage", "must be 1 (refuse when seats are exhausted) to 2")
	add(l.Status == StatusActive || l.Status == StatusSuspended || l.Status == StatusRevoked, "status", "must be active, suspended or revoked")
	add(len(l.Metadata) <= maxMetadata, "metadata", "must have at most 32 entries")
	for key, value := range l.Metadata {
		add(PlainText(key) && PlainText(value), "metadata", "keys and values must be at most 256 bytes, without control characters")
	}
	l.validatePolicy(add)
	// RFC 3339 has four digits for the year, also where the zone moves it.
	add(l.ExpiresAt.UTC().Year() >= 1 && l.ExpiresAt.UTC().Year() <= 9999, "expiresAt", "must be in a year from 1 to 9999")
	if len(fields) > 0 {
		return &Error{Code: CodeValidation, Detail: "the licence is not valid", Fields: fields}
	}
	return nil
}

// Usable returns nil when the licence may keep leases at the time now, and, unless that is in
// the grace after its end, grant new ones; else CodeTenantSuspended, CodeLicenseSuspended, CodeLicenseRevoked or
// CodeLicenseExpired.
func (l License) Usable(now time.Time) error {
	switch {
	case l.Status == StatusTenantSuspended:
		return TenantSuspended()
	case l.Status == StatusSuspended:
		return NewError(CodeLicenseSuspended, "the licence is suspended")
	case l.Status == StatusRevoked:
		return NewError(CodeLicenseRevoked, "the licence is revoked")
	case !l.ExpiresAt.IsZero() && !now.Before(l.Over()):
		return NewError(CodeLicenseExpired, "the licence expired at "+l.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// PlainText accepts what every store and log can hold: up to 256 bytes of UTF-8 without
// control characters.
func PlainText(text string) bool {
	return len(text) <= maxTextBytes && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// validLicenseID keeps ids readable, safe in URLs and Redis keys, and free of the
// underscore that separates a licence from the random part of a lease id.
func validLicenseID(id string) bool {
	if id == "" || len(id) > 63 || id[0] == '-' {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
