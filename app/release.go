package app

import (
	"context"
	"errors"
)

// Release gives the lease's seat back at once, a borrowed one too. A lease that is
// over already is no error. With the ledger down the seat is freed all the same;
// the ledger learns of it later.
//
// Codes: CodeLeaseNotFound, CodeNotHolder, CodeUnavailable.
func (s *Service) Release(ctx context.Context, who Principal, lease string) error {
	return s.release(ctx, who, lease, who.User, ReasonReleased, who.event(ActionRelease, "", lease))
}

// ForceRelease takes a lease away from whoever holds it. Administrators only.
//
// Codes: CodeForbidden and those of Release.
func (s *Service) ForceRelease(ctx context.Context, who Principal, lease string) error {
	if !who.Admin {
		return forbidden()
	}
	return s.release(ctx, who, lease, "", ReasonForced, who.event(ActionForceRelease, "", lease))
}

func (s *Service) release(ctx context.Context, who Principal, lease, holder string, why Reason, event Event) error {
	ref, err := s.refOf(who, lease)
	if err != nil {
		return err
	}
	event.License = ref.License
	var ending Ending
	err = s.warm(ctx, ref, func() (err error) {
		ending, err = s.seats.Free(ctx, ref, lease, holder, why)
		return err
	})
	switch {
	case errors.Is(err, ErrAbsent):
		return s.releaseAbsent(ctx, who, lease, holder)
	case CodeOf(err) == CodeLicenseNotFound:
		return leaseNotFound()
	case err != nil:
		return err
	}
	s.meter.Lease("released", 1)
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.settle(ctx, ref, []Ending{ending}, event); err != nil {
		s.log.WarnContext(ctx, "a released lease is not in the ledger yet; the reaper will write it", "lease", lease, "error", err)
	}
	return nil
}

// releaseAbsent answers for a lease without a seat: fine when it existed.
func (s *Service) releaseAbsent(ctx context.Context, who Principal, id, holder string) error {
	lease, err := s.ledger.Lease(ctx, who.Tenant, id)
	if err != nil {
		return err
	}
	if holder != "" && lease.User != holder {
		return notHolder()
	}
	return nil
}

func forbidden() *Error {
	return NewError(CodeForbidden, "this needs the administrator's role")
}
