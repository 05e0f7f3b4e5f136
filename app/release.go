package app

import (
	"context"
	"errors"
)

// Release gives the lease's seat back at once, a borrowed one too. A lease that has ended
// already is not an error. With the ledger down the seat is freed all the same; the
// ledger learns of it later.
//
// Codes: CodeLeaseNotFound, CodeNotHolder, CodeUnavailable.
func (s *Service) Release(ctx context.Context, who Principal, lease string) error {
	return s.release(ctx, who, lease, who.User, ReasonReleased)
}

// ForceRelease takes a lease away from whoever holds it. Administrators only.
//
// Codes: CodeForbidden and the codes of Release.
func (s *Service) ForceRelease(ctx context.Context, who Principal, lease string) error {
	if !who.Admin {
		return forbidden()
	}
	return s.release(ctx, who, lease, "", ReasonForced)
}

func (s *Service) release(ctx context.Context, who Principal, lease, holder string, why Reason) error {
	ref, err := s.refOf(who, lease)
	if err != nil {
		return err
	}
	ending, err := s.free(ctx, ref, lease, holder, why, who.origin(), nil)
	switch {
	case errors.Is(err, ErrAbsent):
		return s.releaseAbsent(ctx, who, ref, lease, holder, why)
	case CodeOf(err) == CodeLicenseNotFound:
		return leaseNotFound()
	case err != nil:
		return err
	}
	s.released(ctx, ref, ending)
	return nil
}

func (s *Service) free(ctx context.Context, ref LicenseRef, lease, holder string, why Reason, by Origin, settled []Ending) (ending Ending, err error) {
	err = s.warm(ctx, ref, func() (err error) {
		ending, err = s.seats.Free(ctx, ref, lease, holder, why, by, settled)
		return err
	})
	return ending, err
}

// released tells the ledger of a seat that is free already.
func (s *Service) released(ctx context.Context, ref LicenseRef, ending Ending) {
	s.meter.Lease("released", 1)
	endings := []Ending{ending}
	written := s.end(ctx, ref, endings)
	if !written {
		// The ledger may have it all the same.
		endings = nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	// A rebuild may have given the seat back while the ledger did not know yet.
	again, err := s.free(ctx, ref, ending.Lease, "", ending.Reason, ending.By, endings)
	if err == nil && written {
		err = s.settle(ctx, ref, []Ending{again})
	}
	if err != nil && !errors.Is(err, ErrAbsent) {
		s.log.WarnContext(ctx, "cannot tell whether a rebuild brought a released seat back; it expires by itself", "lease", ending.Lease, "error", err)
	}
}

// end writes endings to the ledger, and says whether that is certain.
func (s *Service) end(ctx context.Context, ref LicenseRef, endings []Ending) (written bool) {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := s.ledger.End(ctx, ref.Tenant, endings)
	if err != nil {
		s.log.WarnContext(ctx, "a released lease is not in the ledger yet; housekeeping will write it", "lease", endings[0].Lease, "error", err)
	}
	return err == nil
}

// releaseAbsent ends a lease without a seat: one that expired, and would be revived by
// its next heartbeat. A lease that has ended for good is not an error.
func (s *Service) releaseAbsent(ctx context.Context, who Principal, ref LicenseRef, id, holder string, why Reason) error {
	// Who else ended it, and whose ending waits for the ledger, comes first.
	if err := s.Reclaim(ctx, ref); err != nil {
		return err
	}
	lease, err := s.ledger.Lease(ctx, who.Tenant, id)
	if err != nil {
		return err
	}
	if holder != "" && lease.User != holder {
		return notHolder()
	}
	if !lease.EndedAt.IsZero() && lease.Reason != ReasonExpired {
		return nil
	}
	at, err := s.seats.Clock(ctx)
	if err != nil {
		return err
	}
	if err := s.ledger.End(ctx, who.Tenant, []Ending{{Lease: id, At: at, Reason: why, By: who.origin()}}); err != nil {
		return err
	}
	// A heartbeat that was under way may have revived it just before.
	ending, err := s.free(ctx, ref, id, holder, why, who.origin(), nil)
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	s.released(ctx, ref, ending)
	return nil
}

func forbidden() *Error {
	return NewError(CodeForbidden, "this needs the administrator's role")
}
