package app

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"
)

// Grant is a lease handed to a client.
type Grant struct {
	Lease   Lease
	License License
	// New is false when the device's lease was extended.
	New bool
	// Token is the signed licence token.
	Token string
}

// Acquire takes a seat of the licence for the device named by fingerprint, or
// extends the one it holds. Without a fingerprint the lease belongs to a device
// that nobody can name again, so every call takes a new seat.
//
// Codes: CodeNoSeats, CodeNotHolder when another user holds a lease on the device,
// CodeLicenseNotFound, CodeLicenseSuspended, CodeLicenseRevoked, CodeLicenseExpired,
// CodeUnknownTenant, CodeTenantSuspended, CodeValidation, CodeUnavailable.
func (s *Service) Acquire(ctx context.Context, who Principal, license, fingerprint string) (Grant, error) {
	return s.grant(ctx, who, license, fingerprint, KindFloating, 0)
}

// Borrow takes a seat for an offline lease that needs no heartbeat. A floating
// lease of the same device becomes the borrowed one.
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
	if fingerprint == "" {
		fingerprint = "unnamed-" + strings.ToLower(rand.Text())
	}
	if !validFingerprint(fingerprint) {
		return Grant{}, &Error{Code: CodeValidation, Detail: "the fingerprint is not valid", Fields: []FieldError{{Field: "body.fingerprint", Message: "must be 1 to 256 visible ASCII characters without spaces"}}}
	}
	g, err := s.seat(ctx, who, LicenseRef{Tenant: who.Tenant, License: id}, fingerprint, kind, length)
	s.meter.Lease(outcome(g, err), 1)
	return g, err
}

func (s *Service) seat(ctx context.Context, who Principal, ref LicenseRef, fingerprint string, kind Kind, length time.Duration) (Grant, error) {
	license, err := s.license(ctx, ref)
	if err != nil {
		return Grant{}, err
	}
	if kind == KindFloating {
		length = license.LeaseTTL
	} else if err := borrowable(license, length); err != nil {
		return Grant{}, err
	}
	wanted := Reservation{Lease: NewLeaseID(ref.License), Fingerprint: fingerprint, User: who.User, Kind: kind, For: length}
	return s.take(ctx, who, license, wanted, s.sign)
}

// outcome is what the meter counts.
func outcome(g Grant, err error) string {
	switch {
	case err == nil && g.New:
		return "granted"
	case err == nil:
		return "extended"
	case CodeOf(err) == CodeNoSeats:
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
	token, err := s.signer.Sign(ctx, s.claims(g.License, g.Lease))
	if err != nil {
		return err
	}
	g.Token = token
	return nil
}

// take reserves a seat, prepares the grant (signs it), writes it to the ledger, and
// confirms that the seat is still there afterwards. If any step fails, a new seat is
// given back. The order is what keeps the promise in the package's doc.
func (s *Service) take(ctx context.Context, who Principal, license License, wanted Reservation, prepare func(context.Context, *Grant) error) (Grant, error) {
	wanted.Claim = rand.Text()
	fresh := true
	var written []Ending
	for range attempts {
		reserved, err := s.reserve(ctx, license, wanted)
		if err != nil {
			if wanted.startOver(err) {
				fresh = true
				continue
			}
			s.takeBack(ctx, license.Ref(), written)
			return Grant{}, err
		}
		fresh = fresh && reserved.New
		g := Grant{License: license, New: fresh, Lease: Lease{
			Tenant: license.Tenant, License: license.ID, ID: reserved.Lease, Kind: reserved.Kind,
			Fingerprint: wanted.Fingerprint, User: who.User, Email: who.Email, Address: who.Address,
			GrantedAt: reserved.GrantedAt, ExpiresAt: reserved.ExpiresAt,
		}}
		if err = prepare(ctx, &g); err == nil {
			err = s.ledger.Grant(ctx, g.Lease, reserved.Endings, grantEvent(who, g, wanted))
		}
		if err != nil {
			s.giveBack(ctx, g, wanted)
			if wanted.startOver(err) {
				fresh = true
				continue
			}
			return Grant{}, err
		}
		held, err := s.seats.Confirm(ctx, g.Lease, reserved.Endings)
		if err == nil && held {
			s.meter.Lease("expired", expiries(reserved.Endings))
			return g, nil
		}
		if err != nil && !errors.Is(err, ErrCold) {
			// The ledger has the lease; the client asks again and gets the same one.
			return Grant{}, err
		}
		// The live state was lost, or the seat, while the ledger was written: take the
		// seat again, under the same id.
		wanted.Lease = g.Lease.ID
		if fresh && !wanted.Revive {
			written = []Ending{{Lease: g.Lease.ID, At: g.Lease.GrantedAt, Reason: ReasonCancelled}}
		}
	}
	return Grant{}, Unavailable("store of live seats", errors.New("the live state was lost again and again"))
}

// startOver makes the reservation one of a new lease when the device's was taken away
// meanwhile, and says whether it did.
func (r *Reservation) startOver(err error) bool {
	if r.Revive || CodeOf(err) != CodeLeaseEnded {
		return false
	}
	license, _ := LicenseOfLease(r.Lease)
	r.Lease = NewLeaseID(license)
	return true
}

// expiries counts the endings of leases whose time was over.
func expiries(endings []Ending) (n int) {
	for _, e := range endings {
		if e.Reason == ReasonExpired {
			n++
		}
	}
	return n
}

// reserve takes a seat, rebuilding a cold licence and settling a backlog first.
func (s *Service) reserve(ctx context.Context, license License, wanted Reservation) (Reserved, error) {
	var reserved Reserved
	for range attempts {
		err := s.warm(ctx, license.Ref(), func() (err error) {
			reserved, err = s.seats.Reserve(ctx, license, wanted)
			return err
		})
		if !errors.Is(err, ErrBacklog) {
			return reserved, err
		}
		if err := s.Reclaim(ctx, license.Ref()); err != nil {
			return Reserved{}, err
		}
	}
	return Reserved{}, Unavailable("store of live seats", ErrBacklog)
}

// giveBack cancels the reservation of a grant that failed. A lease that the device held
// before stays.
func (s *Service) giveBack(ctx context.Context, g Grant, wanted Reservation) {
	why := ReasonCancelled
	if wanted.Revive {
		// It stays what it was before: expired, and so to be revived.
		why = ReasonExpired
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.seats.Cancel(ctx, g.Lease.Ref(), g.Lease.ID, wanted.Claim, why); err != nil && !errors.Is(err, ErrCold) {
		s.log.WarnContext(ctx, "a reserved seat could not be given back; it expires by itself", "lease", g.Lease.ID, "error", err)
	}
}

// takeBack ends a lease that the ledger has but that was never handed out. If it
// fails, the reaper finds the lease without a seat.
func (s *Service) takeBack(ctx context.Context, ref LicenseRef, written []Ending) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.settle(ctx, ref, written); err != nil {
		s.log.WarnContext(ctx, "a lease that was not handed out is still in the ledger; the reaper will end it", "error", err)
	}
}

func grantEvent(who Principal, g Grant, wanted Reservation) Event {
	action := ActionAcquire
	switch {
	case wanted.Revive:
		action = ActionRevive
	case wanted.Kind == KindBorrowed:
		action = ActionBorrow
	}
	return who.event(action, g.License.ID, g.Lease.ID)
}
