package app

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// Grant is a lease handed to a client.
type Grant struct {
	Lease   Lease
	License License
	// New is false when the device's lease was extended.
	New bool
	// InGrace is true when the licence's own time is over, and the lease is renewed in its grace.
	InGrace bool
	// Token is the signed licence token.
	Token string
}

// Acquire takes a seat of the licence for the device named by fingerprint, or
// extends the one it holds. A borrowed lease of the device stays as it is, unless it ends
// within a lease time: then it becomes a floating one. No lease outlives its licence. Without a fingerprint the lease belongs to a device
// that nobody can name again, so every call takes a new seat; License.RequireFingerprint
// refuses that.
//
// A full licence may give it the seat of the floating lease that is silent for longest, which
// then is over (CodeLeaseTaken).
//
// Codes: CodeNoSeats, CodeUserLimit, CodeSeatsReserved, CodeNotHolder when another user holds a lease on the device,
// CodeLicenseNotFound, CodeLicenseSuspended, CodeLicenseRevoked, CodeLicenseExpired,
// CodeUnknownTenant, CodeTenantSuspended, CodeNotForLicense, CodeValidation, CodeUnavailable.
func (s *Service) Acquire(ctx context.Context, who Principal, license, fingerprint string) (Grant, error) {
	return s.grant(ctx, who, license, fingerprint, KindFloating, 0)
}

// Borrow takes a seat for an offline lease that needs no heartbeat. A floating
// lease of the same device becomes the borrowed one, and ends with the borrow; a borrowed one
// that ends later stays as it is. It never takes the seat of another lease.
//
// Codes: those of Acquire, and CodeBorrowNotAllowed when the licence's longest
// borrow time is shorter.
func (s *Service) Borrow(ctx context.Context, who Principal, license, fingerprint string, length time.Duration) (Grant, error) {
	if fingerprint == "" {
		return Grant{}, &Error{Code: CodeValidation, Detail: "a borrowed lease belongs to a device", Fields: []FieldError{{Field: "body.fingerprint", Message: "is required"}}}
	}
	return s.grant(ctx, who, license, fingerprint, KindBorrowed, length)
}

func (s *Service) grant(ctx context.Context, who Principal, id, fingerprint string, kind Kind, length time.Duration) (Grant, error) {
	unnamed := fingerprint == ""
	if unnamed {
		fingerprint = "unnamed-" + strings.ToLower(rand.Text())
	}
	if !validFingerprint(fingerprint) {
		return Grant{}, &Error{Code: CodeValidation, Detail: "the fingerprint is not valid", Fields: []FieldError{{Field: "body.fingerprint", Message: "must be 1 to 256 visible ASCII characters without spaces"}}}
	}
	g, err := s.seat(ctx, who, LicenseRef{Tenant: who.Tenant, License: id}, device{fingerprint, unnamed}, kind, length)
	s.meter.Lease(outcome(g, err), 1)
	return g, err
}

// device is whom a seat is for; unnamed means that its fingerprint was made up.
type device struct {
	fingerprint string
	unnamed     bool
}

func (s *Service) seat(ctx context.Context, who Principal, ref LicenseRef, of device, kind Kind, length time.Duration) (Grant, error) {
	if err := who.May(ref.License); err != nil {
		return Grant{}, err
	}
	return s.grantBy(ctx, ref, func(license License, exact bool) (Grant, error) {
		length, err := lengthOf(license, of, kind, length)
		if err != nil {
			return Grant{}, err
		}
		wanted := Reservation{Lease: NewLeaseID(ref.License), Fingerprint: of.fingerprint, User: who.User, Kind: kind, For: length, Groups: who.Groups, By: who.origin(), Exact: exact}
		return s.take(ctx, who, license, wanted, s.sign)
	})
}

// lengthOf is the length of the lease that the device would get, or why it gets none.
func lengthOf(license License, of device, kind Kind, length time.Duration) (time.Duration, error) {
	if of.unnamed && license.RequireFingerprint {
		return 0, &Error{
			Code: CodeValidation, Detail: "the licence allows no lease without a device",
			Fields: []FieldError{{Field: "body.fingerprint", Message: "is required"}},
		}
	}
	if kind == KindFloating {
		return license.LeaseTTL, nil
	}
	return length, borrowable(license, length)
}

// outcome is what the meter counts.
func outcome(g Grant, err error) string {
	switch {
	case err == nil && g.New:
		return "granted"
	case err == nil:
		return "extended"
	case CodeOf(err) == CodeNoSeats, CodeOf(err) == CodeSeatsReserved:
		return "exhausted"
	}
	return "refused"
}

func borrowable(license License, length time.Duration) error {
	switch {
	case license.MaxBorrow == 0:
		return NewError(CodeBorrowNotAllowed, "the licence may not be borrowed")
	case length < time.Minute || length > license.MaxBorrow:
		return NewError(CodeBorrowNotAllowed, "the licence may be borrowed for 60 seconds to "+license.MaxBorrow.String())
	}
	return nil
}

// sign makes the token of a grant.
func (s *Service) sign(ctx context.Context, g *Grant) error {
	token, err := s.signer.Sign(ctx, s.claims(*g))
	if err != nil {
		return err
	}
	g.Token = token
	return nil
}
