package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Service carries out what callers ask for.
type Service struct {
	ledger  Ledger
	seats   Seats
	answers Answers
	signer  Signer
	meter   Meter
	log     *slog.Logger
	issuer  string
	now     func() time.Time
	// loading lets one rebuild of a licence at a time read the ledger.
	loading singleflight.Group
	// loads bounds the rebuilds under way, and rebuilds counts those that were done.
	loads    chan struct{}
	rebuilds atomic.Int64
	// reports bounds the reports under way.
	reports chan struct{}
	recent  *recent
}

// Dependencies are everything a Service needs; none may be nil.
type Dependencies struct {
	Ledger Ledger
	Seats  Seats
	// Answers are what an erasure has to reach too.
	Answers Answers
	Signer  Signer
	Meter   Meter
	Log     *slog.Logger
	// Issuer is the `iss` of licence tokens.
	Issuer string
	// Now is the clock for licences' expiry dates; leases end by the clock of the seats.
	Now func() time.Time
}

// New returns a Service.
func New(d Dependencies) *Service {
	return &Service{ledger: d.Ledger, seats: d.Seats, answers: d.Answers, signer: d.Signer, meter: d.Meter, log: d.Log, issuer: d.Issuer, now: d.Now, loads: make(chan struct{}, loadsAtOnce), reports: make(chan struct{}, reportsAtOnce), recent: newRecent()}
}

// loadsAtOnce is how many licences an instance rebuilds at once.
const loadsAtOnce = 3

// attempts limits how often a step is tried again after a rebuild of the live state or
// the settling of a backlog.
const attempts = 4

// license returns a licence that may be used now.
func (s *Service) license(ctx context.Context, ref LicenseRef) (License, error) {
	license, err := s.known(ctx, ref)
	if err != nil {
		return License{}, err
	}
	return license, license.Usable(s.now())
}

// known returns a licence of a tenant that may act, whether the licence may be used or
// not. An id of the wrong form is refused without asking the ledger.
func (s *Service) known(ctx context.Context, ref LicenseRef) (License, error) {
	if !validLicenseID(ref.License) {
		return License{}, licenseNotFound()
	}
	license, err := s.ledger.License(ctx, ref)
	if err == nil && license.Status == StatusTenantSuspended {
		err = TenantSuspended()
	}
	return license, err
}

// Active returns nil when the caller's tenant may act, else CodeUnknownTenant or
// CodeTenantSuspended.
func (s *Service) Active(ctx context.Context, who Principal) error {
	return s.ledger.Active(ctx, who.Tenant)
}

func licenseNotFound() *Error {
	return NewError(CodeLicenseNotFound, "the tenant has no such licence")
}

// warm runs step, and when it finds the licence cold, rebuilds the live seats from
// the ledger and runs it again.
func (s *Service) warm(ctx context.Context, ref LicenseRef, step func() error) error {
	var err error
	for range attempts {
		if err = step(); !errors.Is(err, ErrCold) {
			return err
		}
		// One that was overtaken by another loss is begun again.
		if err := s.rebuild(ctx, ref); err != nil && !errors.Is(err, ErrCold) {
			return err
		}
	}
	return Unavailable("store of live seats", err)
}

// rebuild loads the live seats of a licence from the ledger. Even when many requests find
// the licence cold, only one of them does the work. It continues when its own client
// hangs up, because the others wait for it.
func (s *Service) rebuild(ctx context.Context, ref LicenseRef) error {
	done := s.loading.DoChan(ref.Tenant+"/"+ref.License, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, s.load(ctx, ref)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return Unavailable("store of live seats", ctx.Err())
	}
}

// load rebuilds a licence's live seats. It waits while somebody else does, and then has
// nothing to do.
func (s *Service) load(ctx context.Context, ref LicenseRef) error {
	for {
		err := s.loadOnce(ctx, ref)
		switch {
		case errors.Is(err, ErrWarm):
			return nil
		case !errors.Is(err, ErrBusy):
			return err
		}
		select {
		case <-ctx.Done():
			return Unavailable("store of live seats", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Service) loadOnce(ctx context.Context, ref LicenseRef) error {
	// However many licences are cold, requests for warm ones find the stores free.
	select {
	case s.loads <- struct{}{}:
		defer func() { <-s.loads }()
	case <-ctx.Done():
		return Unavailable("store of live seats", ctx.Err())
	}
	rebuild, err := s.seats.Begin(ctx, ref)
	if err != nil {
		return err
	}
	leases, err := s.fill(ctx, ref, rebuild)
	if err != nil {
		ctx, cancel := detached(ctx)
		defer cancel()
		// The next one that finds the licence cold begins again, now or some seconds later.
		return errors.Join(err, s.seats.Abandon(ctx, ref, rebuild))
	}
	if err := s.refresh(ctx, ref); err != nil {
		return err
	}
	s.rebuilds.Add(1)
	s.meter.Rebuilt()
	s.log.WarnContext(ctx, "live seats rebuilt from the ledger", "tenant", ref.Tenant, "license", ref.License, "leases", leases)
	return nil
}

// fillPage is how many leases a rebuild reads at once.
const fillPage = 2000

// fill loads the ledger's open leases, and returns how many there are.
func (s *Service) fill(ctx context.Context, ref LicenseRef, rebuild Rebuild) (leases int, err error) {
	license, err := s.ledger.License(ctx, ref)
	if err != nil {
		return 0, err
	}
	if err := s.ledger.Seat(ctx, ref, rebuild.At); err != nil {
		return 0, err
	}
	after := ""
	for {
		part, err := s.ledger.Leases(ctx, ref, after, fillPage)
		if err != nil {
			return 0, err
		}
		if err := s.seats.Stage(ctx, rebuild, license, part); err != nil {
			return 0, err
		}
		leases += len(part)
		if len(part) < fillPage {
			return leases, s.seats.Load(ctx, rebuild, license)
		}
		after = part[len(part)-1].ID
	}
}

// refresh applies a change to the live numbers that was made while they were loaded, when
// there was nothing to change yet.
func (s *Service) refresh(ctx context.Context, ref LicenseRef) error {
	license, err := s.ledger.License(ctx, ref)
	if err != nil {
		return err
	}
	return s.configure(ctx, license)
}

// configure brings live numbers up to date. A cold licence has none: its next use loads
// them. Numbers of a later revision stay, if the ledger has that revision; a ledger that was
// restored from a backup has not, and then its older numbers count.
func (s *Service) configure(ctx context.Context, license License) error {
	live, err := s.seats.Configure(ctx, license, 0)
	if err == nil && live > license.Revision {
		if license, err = s.ledger.License(ctx, license.Ref()); err != nil {
			return err
		}
		if license.Revision < live {
			_, err = s.seats.Configure(ctx, license, live)
		}
	}
	if errors.Is(err, ErrCold) {
		return nil
	}
	return err
}

// settle ends leases in the ledger and tells the seats' store so.
func (s *Service) settle(ctx context.Context, ref LicenseRef, endings []Ending) error {
	if len(endings) == 0 {
		return nil
	}
	if err := s.ledger.End(ctx, ref.Tenant, endings); err != nil {
		return err
	}
	return s.seats.Settled(ctx, ref, endings)
}

// detached gives clean-up work its own short time, so that it is done even when
// the caller has hung up.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}
