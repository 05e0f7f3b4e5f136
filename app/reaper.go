package app

import (
	"context"
	"errors"
	"time"
)

// Reclaim frees the expired seats of a licence and ends them in the ledger.
func (s *Service) Reclaim(ctx context.Context, ref LicenseRef) error {
	for {
		var endings []Ending
		err := s.warm(ctx, ref, func() (err error) {
			endings, err = s.seats.Reclaim(ctx, ref)
			return err
		})
		if err != nil || len(endings) == 0 {
			return err
		}
		var events []Event
		for _, e := range endings {
			if e.Reason == ReasonExpired {
				events = append(events, Event{Action: ActionExpire, License: ref.License, Lease: e.Lease})
			}
		}
		if err := s.settle(ctx, ref, endings, events...); err != nil {
			return err
		}
		s.meter.Lease("expired", len(events))
	}
}

// Reap goes once through every licence with open leases: reclaims, reconciles the
// ledger with the live seats, brings the live numbers up to date and measures
// them. It goes on after an error and returns all of them.
func (s *Service) Reap(ctx context.Context) error {
	tenants, err := s.ledger.Tenants(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, tenant := range tenants {
		failures = append(failures, s.reapTenant(ctx, tenant))
	}
	return errors.Join(failures...)
}

// reapTenant also tells the live state whether the tenant is suspended: heartbeats
// ask nobody else.
func (s *Service) reapTenant(ctx context.Context, tenant string) error {
	licenses, err := s.ledger.Busy(ctx, tenant)
	if err != nil || len(licenses) == 0 {
		return err
	}
	_, err = s.ledger.License(ctx, licenses[0].Ref())
	suspended := CodeOf(err) == CodeTenantSuspended
	if err != nil && !suspended {
		return err
	}
	var failures []error
	for _, license := range licenses {
		if suspended {
			license.Status = StatusTenantSuspended
		}
		failures = append(failures, s.reap(ctx, license))
	}
	return errors.Join(failures...)
}

func (s *Service) reap(ctx context.Context, license License) error {
	ref := license.Ref()
	if err := s.Reclaim(ctx, ref); err != nil {
		return err
	}
	if err := s.seats.Configure(ctx, license); err != nil && !errors.Is(err, ErrCold) {
		return err
	}
	if err := s.reconcile(ctx, license); err != nil {
		return err
	}
	usage, err := s.seats.Usage(ctx, ref)
	if err != nil {
		return err
	}
	s.meter.Seats(ref, usage.InUse, license.Seats)
	return nil
}

// unclaimed is how old an open lease without a seat has to be before it counts as
// left behind: longer than any request takes from the seat to the ledger.
const unclaimed = 30 * time.Second

// reconcile ends open leases of the ledger that hold no seat and were granted too
// long ago to be still on their way to one: what a crash between two steps left.
func (s *Service) reconcile(ctx context.Context, license License) error {
	open, err := s.ledger.Open(ctx, license.Ref())
	if err != nil {
		return err
	}
	usage, err := s.seats.Usage(ctx, license.Ref())
	if err != nil {
		return err
	}
	var old []string
	for _, lease := range open {
		if usage.Now.Sub(lease.SeatedAt) > unclaimed {
			old = append(old, lease.ID)
		}
	}
	if len(old) == 0 {
		return nil
	}
	absent, at, err := s.seats.Absent(ctx, license.Ref(), old)
	if err != nil {
		return err
	}
	endings := make([]Ending, len(absent))
	for i, lease := range absent {
		endings[i] = Ending{Lease: lease, At: at, Reason: ReasonExpired}
	}
	return s.settle(ctx, license.Ref(), endings)
}

// Forget pseudonymises personal data older than the retention time, in every
// tenant, and returns how many rows changed.
func (s *Service) Forget(ctx context.Context, retention time.Duration) (int64, error) {
	tenants, err := s.ledger.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	var changed int64
	var failures []error
	for _, tenant := range tenants {
		n, err := s.ledger.Pseudonymise(ctx, tenant, s.now().Add(-retention))
		changed += n
		failures = append(failures, err)
	}
	return changed, errors.Join(failures...)
}

// Run reaps every interval and forgets once an hour, until ctx is done.
func (s *Service) Run(ctx context.Context, interval, retention time.Duration) {
	reap, forget := time.NewTicker(interval), time.NewTicker(time.Hour)
	defer reap.Stop()
	defer forget.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-reap.C:
			err = s.Reap(ctx)
		case <-forget.C:
			_, err = s.Forget(ctx, retention)
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "housekeeping was not completed; it goes on at the next turn", "error", err)
		}
	}
}
