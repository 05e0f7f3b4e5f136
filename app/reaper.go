package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
		if err := s.settle(ctx, ref, endings); err != nil {
			return err
		}
		s.meter.Lease("expired", expiries(endings))
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
	if err != nil {
		return err
	}
	var failures []error
	for _, license := range licenses {
		failures = append(failures, s.reap(ctx, license))
	}
	return errors.Join(failures...)
}

func (s *Service) reap(ctx context.Context, license License) error {
	ref := license.Ref()
	if err := s.Reclaim(ctx, ref); err != nil {
		return err
	}
	if err := s.configure(ctx, license); err != nil {
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
		before := s.now().Add(-retention)
		n, err := s.ledger.Pseudonymise(ctx, tenant, before)
		changed += n
		failures = append(failures, err)
		if n > 0 {
			detail := fmt.Sprintf("%d rows of before %s", n, before.UTC().Format(time.RFC3339))
			s.record(ctx, tenant, Event{Action: ActionPseudonymise, Detail: detail})
		}
	}
	return changed, errors.Join(failures...)
}

// Run reaps every interval, and forgets once an hour, for the first time within the
// first interval, until ctx is done.
func (s *Service) Run(ctx context.Context, interval, retention time.Duration) {
	// Instances that start together do not forget together.
	reap, forget := time.NewTicker(interval), time.NewTimer(rand.N(interval))
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
			forget.Reset(time.Hour)
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "housekeeping was not completed; it goes on at the next turn", "error", err)
		}
	}
}
