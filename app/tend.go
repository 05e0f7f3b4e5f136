package app

import (
	"context"
	"errors"
	"slices"
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
		s.countEndings(endings)
	}
}

// visit is a licence that housekeeping looks at.
type visit struct {
	Look
	// seated is when each of the leases that are asked about took its seat.
	seated map[string]time.Time
	// revision is the ledger's; 0 when nobody has asked.
	revision int64
}

func visitsOf(refs []LicenseRef) []visit {
	visits := make([]visit, len(refs))
	for i, ref := range refs {
		visits[i] = visit{Look: Look{Ref: ref}}
	}
	return visits
}

// unclaimed is how old an open lease without a seat has to be before it counts as
// left behind: longer than any request takes from the seat to the ledger.
const unclaimed = 30 * time.Second

// rounds bounds how often one licence is looked at again at once: it has as many endings
// as a look returns in each.
const rounds = 1000

// tend works on due licences: it reclaims expired seats, writes their endings to the
// ledger, loads cold licences, and updates old numbers, until nothing is due. It
// continues after an error of one licence and returns all errors.
func (s *Service) tend(ctx context.Context, visits []visit) error {
	var failures []error
	for range rounds {
		if len(visits) == 0 || ctx.Err() != nil {
			break
		}
		var err error
		visits, err = s.tendOnce(ctx, visits)
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// tendOnce returns those that have to be looked at again.
func (s *Service) tendOnce(ctx context.Context, visits []visit) (again []visit, err error) {
	looks := make([]Look, len(visits))
	for i, v := range visits {
		looks[i] = v.Look
	}
	found, err := s.seats.Look(ctx, looks, claimTime)
	if err != nil {
		return nil, err
	}
	var failures []error
	var all []Settlement
	var outdated []LicenseRef
	for i, looked := range found {
		v := visits[i]
		if looked.Cold {
			loaded, err := s.reload(ctx, v.Ref)
			failures = append(failures, err)
			if loaded {
				again = append(again, v)
			}
			continue
		}
		endings := append(looked.Endings, v.leftBehind(looked)...)
		if len(endings) > 0 {
			all = append(all, Settlement{Ref: v.Ref, Endings: endings})
		}
		if len(looked.Endings) > 0 {
			again = append(again, visit{Look: Look{Ref: v.Ref}})
		}
		if v.revision != 0 && v.revision != looked.Revision {
			outdated = append(outdated, v.Ref)
		}
	}
	failed, err := s.settleAll(ctx, all)
	failures = append(failures, err, s.update(ctx, outdated))
	again = slices.DeleteFunc(again, func(v visit) bool { return failed[v.Ref] })
	return again, errors.Join(failures...)
}

// leftBehind ends open leases of the ledger that hold no seat and took it too long ago to
// be still on their way to one: what a crash between two steps left.
func (v visit) leftBehind(looked Looked) []Ending {
	var endings []Ending
	for _, lease := range looked.Absent {
		if looked.Now.Sub(v.seated[lease]) > unclaimed {
			endings = append(endings, Ending{Lease: lease, At: looked.Now, Reason: ReasonExpired})
		}
	}
	return endings
}

// reload loads a cold licence for which no request waits. Afterwards it pauses for as long as the
// load took, so that requests have the stores. A licence that is lost again has its turn later.
func (s *Service) reload(ctx context.Context, ref LicenseRef) (loaded bool, err error) {
	start := time.Now()
	err = s.rebuild(ctx, ref)
	loaded = err == nil
	switch {
	case errors.Is(err, ErrCold):
		err = nil
	default:
		err = s.dropped(ctx, ref, err)
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(min(time.Since(start), time.Second)):
		return loaded, err
	}
}

// dropped forgets a licence that the ledger does not have, by the error err of its load: the ledger was restored
// from a backup that is older than the licence.
func (s *Service) dropped(ctx context.Context, ref LicenseRef, err error) error {
	if CodeOf(err) != CodeLicenseNotFound {
		return err
	}
	return s.seats.Drop(ctx, ref)
}

// How many licences, and how many endings, one call of the ledger is for.
const (
	together        = 32
	endingsTogether = 500
)

// settleAll is settle for many licences. It returns those for which it failed.
func (s *Service) settleAll(ctx context.Context, all []Settlement) (failed map[LicenseRef]bool, err error) {
	failed = map[LicenseRef]bool{}
	var failures []error
	for len(all) > 0 {
		n, endings := 0, 0
		for n < len(all) && n < together && (n == 0 || endings+len(all[n].Endings) <= endingsTogether) {
			endings += len(all[n].Endings)
			n++
		}
		part := all[:n]
		all = all[n:]
		if err := s.ledger.EndAll(ctx, part); err == nil {
			if err := s.seats.SettledAll(ctx, part); err != nil {
				failures = append(failures, err)
			}
			for _, one := range part {
				s.countEndings(one.Endings)
			}
			continue
		}
		// What one licence is refused must not keep the others from it.
		for _, one := range part {
			if err := s.settle(ctx, one.Ref, one.Endings); err != nil {
				failed[one.Ref] = true
				failures = append(failures, err)
				continue
			}
			s.countEndings(one.Endings)
		}
	}
	return failed, errors.Join(failures...)
}

// update brings the live numbers of licences up to date.
func (s *Service) update(ctx context.Context, refs []LicenseRef) error {
	licenses, err := s.ledger.Standing(ctx, refs)
	if err != nil {
		return err
	}
	return s.configureAll(ctx, licenses)
}

func (s *Service) configureAll(ctx context.Context, licenses []License) error {
	var failures []error
	for _, license := range licenses {
		failures = append(failures, s.configure(ctx, license))
	}
	return errors.Join(failures...)
}
