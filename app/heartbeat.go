package app

import (
	"context"
	"errors"
)

// Heartbeat keeps the lease's seat for another lease time. For a live lease it uses the
// store of seats only, and neither the ledger nor the signing key.
//
// A borrowed lease keeps its end until a lease time from now is later; from then on it is a
// floating one. An expired lease is revived, as a floating one, when a seat is free for its
// holder and the licence is not in its grace. Codes: CodeLeaseNotFound,
// CodeLeaseExpired, CodeLeaseEnded, CodeLeaseTaken, CodeNotHolder, CodeTenantSuspended,
// CodeLicenseSuspended, CodeLicenseRevoked, CodeLicenseExpired, CodeUnavailable.
func (s *Service) Heartbeat(ctx context.Context, who Principal, lease string) (Extended, error) {
	ref, err := s.refOf(who, lease)
	if err != nil {
		return Extended{}, err
	}
	var extended Extended
	err = s.warm(ctx, ref, func() (err error) {
		extended, err = s.seats.Extend(ctx, ref, lease, who.User)
		return err
	})
	switch {
	case errors.Is(err, ErrAbsent):
		return s.revive(ctx, who, lease)
	case CodeOf(err) == CodeLicenseNotFound:
		// The licence part of the id names no licence of this tenant.
		return Extended{}, leaseNotFound()
	case err != nil:
		return Extended{}, err
	}
	if extended.Revived {
		s.meter.Lease("revived", 1)
		// Its seat was never reclaimed, so it is open in the ledger.
		event := who.event(ActionRevive, ref.License, lease)
		event.Detail = DetailExtended
		s.record(ctx, who.Tenant, event)
	}
	return extended, nil
}

// revive gives a lease whose seat was reclaimed a seat again, if one is free.
func (s *Service) revive(ctx context.Context, who Principal, id string) (Extended, error) {
	lease, err := s.revivable(ctx, who, id)
	if err != nil {
		return Extended{}, err
	}
	g, err := s.grantBy(ctx, lease.Ref(), func(license License, exact bool) (Grant, error) {
		wanted := Reservation{Lease: id, Fingerprint: lease.Fingerprint, User: who.User, Kind: KindFloating, For: license.LeaseTTL, Groups: who.Groups, Revive: true, Exact: exact}
		return s.take(ctx, who, license, wanted, func(context.Context, *Grant) error { return nil })
	})
	switch CodeOf(err) {
	case CodeNoSeats, CodeUserLimit, CodeSeatsReserved:
		// An ending for good may have been written, and so left the live state, before the seat was asked for.
		if _, err := s.revivable(ctx, who, id); err != nil {
			return Extended{}, err
		}
		return Extended{}, leaseExpired()
	}
	if err != nil {
		return Extended{}, err
	}
	s.meter.Lease("revived", 1)
	return Extended{ExpiresAt: g.Lease.ExpiresAt, Interval: g.License.HeartbeatInterval, Revived: true}, nil
}

// revivable reads a lease of the caller's from the ledger that is not over for good.
func (s *Service) revivable(ctx context.Context, who Principal, id string) (Lease, error) {
	lease, err := s.ledger.Lease(ctx, who.Tenant, id)
	switch {
	case err != nil:
		return Lease{}, err
	case lease.User != who.User:
		return Lease{}, notHolder()
	case lease.Reason == ReasonTaken:
		return Lease{}, LeaseTaken()
	case !lease.EndedAt.IsZero() && lease.Reason != ReasonExpired:
		return Lease{}, NewError(CodeLeaseEnded, "the lease is over: "+string(lease.Reason))
	}
	return lease, nil
}

// refOf finds the licence in a lease's id, which the caller has to be allowed.
func (s *Service) refOf(who Principal, lease string) (LicenseRef, error) {
	license, ok := LicenseOfLease(lease)
	if !ok {
		return LicenseRef{}, leaseNotFound()
	}
	return LicenseRef{Tenant: who.Tenant, License: license}, who.May(license)
}

func leaseNotFound() *Error { return NewError(CodeLeaseNotFound, "the tenant has no such lease") }

func leaseExpired() *Error {
	return NewError(CodeLeaseExpired, "the lease has expired; acquire again")
}

// LeaseTaken says that the seat was given to another device.
func LeaseTaken() *Error {
	return NewError(CodeLeaseTaken, "the licence was full, and the lease's seat was given to another device")
}

func notHolder() *Error {
	return NewError(CodeNotHolder, "the lease belongs to another user")
}
