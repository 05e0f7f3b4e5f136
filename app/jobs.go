package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// page is how many rows a job asks the ledger for at once.
const page = 500

// catchUp brings live numbers up to date with what was changed in the ledger since a
// mark, and returns the next one. Heartbeats ask nobody else whether a licence, or its
// tenant, is suspended.
func (s *Service) catchUp(ctx context.Context, since string, alive func() error) (next string, err error) {
	// Without a mark, and with one that is not, everything that was ever changed counts.
	from, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		from = 0
	}
	mark, err := s.ledger.Mark(ctx)
	if err != nil {
		return since, err
	}
	if mark < from {
		// The ledger was restored from a backup.
		from = 0
	}
	var after LicenseRef
	for {
		changed, err := s.ledger.Changed(ctx, from, after, page)
		if err != nil {
			return since, err
		}
		if err := alive(); err != nil {
			return since, err
		}
		if err := s.follow(ctx, changed, alive); err != nil {
			return since, err
		}
		if len(changed) < page {
			return strconv.FormatInt(mark, 10), nil
		}
		after = changed[len(changed)-1]
	}
}

// follow brings changed licences, and all licences of changed tenants, up to date; also those
// without open leases, because a heartbeat can revive an expired one.
func (s *Service) follow(ctx context.Context, changed []LicenseRef, alive func() error) error {
	var licenses []LicenseRef
	for _, ref := range changed {
		if ref.License != "" {
			licenses = append(licenses, ref)
			continue
		}
		if err := s.followTenant(ctx, ref.Tenant, alive); err != nil {
			return err
		}
	}
	return s.update(ctx, licenses)
}

func (s *Service) followTenant(ctx context.Context, tenant string, alive func() error) error {
	after := ""
	for {
		if err := alive(); err != nil {
			return err
		}
		licenses, err := s.ledger.All(ctx, tenant, after, page)
		if err != nil {
			return err
		}
		if err := s.configureAll(ctx, licenses); err != nil {
			return err
		}
		if len(licenses) < page {
			return nil
		}
		after = licenses[len(licenses)-1].ID
	}
}

// sweepPage is how many open leases one turn of the sweep compares.
const sweepPage = 2000

// lookPage is how many leases of a licence one look asks about.
const lookPage = 500

// passedBy is an error about some licences or tenants, which have their next turn with the next
// round: one that fails each time does not keep those behind it from theirs.
type passedBy struct{ error }

// Unwrap lets errors.Is and errors.As see what went wrong.
func (p passedBy) Unwrap() error { return p.error }

// passBy joins errors of licences or tenants.
func passBy(failures []error) error {
	if err := errors.Join(failures...); err != nil {
		return passedBy{err}
	}
	return nil
}

// continues says whether a job continues after the item of the error.
func continues(err error) bool { return err == nil || errors.As(err, &passedBy{}) }

// sweepOn is a turn of the sweep: the work of a turn is the same however many leases there
// are, and a whole sweep takes the longer.
func (h *housekeeper) sweepOn(ctx context.Context, place string, alive func() error) (next string, again time.Duration, err error) {
	var after OpenLease
	after.Tenant, place, _ = strings.Cut(place, "/")
	after.License, after.ID, _ = strings.Cut(place, "/")
	end, cold, err := h.sweep(ctx, after, alive)
	switch {
	case !continues(err):
		return "", 0, err
	case end == nil:
		return "", h.interval, err
	}
	next = strings.Join([]string{end.Tenant, end.License, end.ID}, "/")
	if cold {
		// After a loss everything is cold; the rebuilding has pauses of its own.
		return next, 0, err
	}
	return next, h.interval / 15, err
}

// sweep compares a page of open leases with the live seats, and returns where to go on,
// nil at the end, and whether some licence was cold.
func (s *Service) sweep(ctx context.Context, after OpenLease, alive func() error) (next *OpenLease, cold bool, err error) {
	open, next, err := s.ledger.OpenLeases(ctx, after, sweepPage)
	if err != nil {
		return nil, false, err
	}
	var failures []error
	rebuilt := s.rebuilds.Load()
	for visits := sortOpen(open); len(visits) > 0; {
		n := min(len(visits), taken)
		if err := alive(); err != nil {
			return nil, false, err
		}
		failures = append(failures, s.tend(ctx, visits[:n]))
		visits = visits[n:]
	}
	return next, s.rebuilds.Load() != rebuilt, passBy(failures)
}

// sortOpen makes visits of open leases, which come licence by licence.
func sortOpen(open []OpenLease) []visit {
	var visits []visit
	for _, lease := range open {
		last := len(visits) - 1
		if last < 0 || visits[last].Ref != lease.LicenseRef || len(visits[last].Leases) == lookPage {
			visits = append(visits, visit{Look: Look{Ref: lease.LicenseRef}, seated: map[string]time.Time{}, revision: lease.Revision})
			last++
		}
		visits[last].Leases = append(visits[last].Leases, lease.ID)
		visits[last].seated[lease.ID] = lease.SeatedAt
	}
	return visits
}

// Forget pseudonymises personal data older than the retention time, in every
// tenant, and returns how many rows changed.
func (s *Service) Forget(ctx context.Context, retention time.Duration) (int64, error) {
	var changed int64
	var failures []error
	alive := func() error { return nil }
	for after := ""; ; {
		n, next, err := s.forget(ctx, after, retention, alive)
		changed, after = changed+n, next
		failures = append(failures, err)
		if next == "" {
			return changed, errors.Join(failures...)
		}
	}
}

// forgetOn is a turn of the forgetting.
func (h *housekeeper) forgetOn(ctx context.Context, place string, alive func() error) (next string, again time.Duration, err error) {
	_, next, err = h.forget(ctx, place, h.retention, alive)
	if next == "" {
		return "", time.Hour, err
	}
	return next, h.interval / 15, err
}

// forget visits some tenants, and returns the one to go on after; "" is the end.
func (s *Service) forget(ctx context.Context, after string, retention time.Duration, alive func() error) (changed int64, next string, err error) {
	before := s.now().Add(-retention)
	tenants, next, err := s.ledger.Aged(ctx, before, after)
	if err != nil {
		return 0, "", err
	}
	var failures []error
	for _, tenant := range tenants {
		n, err := s.forgetTenant(ctx, tenant, before, alive)
		changed += n
		failures = append(failures, err)
		if n > 0 {
			detail := fmt.Sprintf("%d rows of before %s", n, before.UTC().Format(time.RFC3339))
			s.record(ctx, tenant, Event{Action: ActionPseudonymise, Detail: detail})
		}
	}
	if err := alive(); err != nil {
		return changed, "", err
	}
	return changed, next, passBy(failures)
}

// forgetTenant forgets all that is old of a tenant, in steps, for as long as the job is this
// instance's. A lost job has an error for the tenants that follow, too.
func (s *Service) forgetTenant(ctx context.Context, tenant string, before time.Time, alive func() error) (changed int64, err error) {
	for {
		if err := alive(); err != nil {
			return changed, err
		}
		n, err := s.ledger.Pseudonymise(ctx, tenant, before)
		changed += n
		if err != nil || n == 0 {
			return changed, err
		}
	}
}
