package app

import (
	"context"
	"crypto/rand"
	"errors"
	random "math/rand/v2"
	"time"
)

// take reserves a seat, prepares the grant (signs it), writes it to the ledger, and
// confirms that the seat is still there afterwards. If any step fails, a new seat is
// given back. The order is what keeps the promise in the package's doc. A seat that another
// device loses is taken only when the grant is prepared: a signing key that does not answer
// costs nobody a seat.
func (s *Service) take(ctx context.Context, who Principal, license License, wanted Reservation, prepare func(context.Context, *Grant) error) (Grant, error) {
	if who.Unchecked {
		return Grant{}, Unavailable("ledger", errors.New("the ledger did not answer whether the credential is still good"))
	}
	wanted.Claim = rand.Text()
	fresh := true
	var written []Ending
	lost := 0
	var ready *Grant
	for try := range contended {
		if err := pause(ctx, try); err != nil {
			s.takeBack(ctx, license.Ref(), written)
			return Grant{}, err
		}
		reserved, err := s.reserve(ctx, license, wanted)
		if err != nil {
			if wanted.startOver(err) {
				fresh = true
				continue
			}
			s.takeBack(ctx, license.Ref(), written)
			return Grant{}, err
		}
		if reserved.Takes {
			prepared := grantOf(who, license, wanted, reserved)
			if err := prepare(ctx, &prepared); err != nil {
				s.takeBack(ctx, license.Ref(), written)
				return Grant{}, err
			}
			ready, wanted.Take = &prepared, true
			continue
		}
		fresh = fresh && reserved.New
		g, how := grantOf(who, license, wanted, reserved), prepare
		g.New = fresh
		if ready != nil && reserved.New && ready.Lease.ID == g.Lease.ID {
			// Its token says these times.
			g.Lease.GrantedAt, g.Lease.ExpiresAt, g.Token = ready.Lease.GrantedAt, ready.Lease.ExpiresAt, ready.Token
			how = func(context.Context, *Grant) error { return nil }
		}
		ready = nil
		held, err, unwritten := s.write(ctx, &g, reserved, grantEvent(who, g, wanted), how)
		if unwritten != nil {
			s.giveBack(ctx, g, wanted)
			s.followLedger(ctx, g, reserved, unwritten)
			if wanted.startOver(unwritten) {
				fresh = true
				continue
			}
			s.takeBack(ctx, license.Ref(), written)
			if !wanted.Revive {
				unwritten = s.howFull(ctx, license, unwritten)
			}
			return Grant{}, unwritten
		}
		if err == nil && held {
			s.countEndings(reserved.Endings)
			return g, nil
		}
		if err != nil && !errors.Is(err, ErrCold) {
			// The ledger has the lease; the client asks again and gets the same one.
			return Grant{}, err
		}
		if errors.Is(err, ErrCold) {
			lost++
		}
		if lost == attempts {
			s.takeBack(ctx, license.Ref(), written)
			return Grant{}, Unavailable("store of live seats", errors.New("the live state was lost again and again"))
		}
		// The live state was lost, or the seat, while the ledger was written: take the
		// seat again, under the same id.
		wanted.Lease = g.Lease.ID
		if fresh && !wanted.Revive {
			written = []Ending{{Lease: g.Lease.ID, At: g.Lease.GrantedAt, Reason: ReasonCancelled}}
		}
	}
	s.takeBack(ctx, license.Ref(), written)
	return Grant{}, &Error{Code: CodeLeaseEnded, Detail: "other requests took the device's lease away again and again; acquire again", RetryAfter: time.Second}
}

// contended limits how often a seat is taken again that another request for the same
// device gave back or took away meanwhile. Nothing is out of order then.
const contended = 16

// pause lets the others of a contention go first, for 32 ms at most.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	timer := time.NewTimer(random.N(time.Millisecond << min(try, 5)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Unavailable("store of live seats", ctx.Err())
	}
}

// startOver makes the reservation one of a new lease when the device's was taken away
// meanwhile, and says whether it did.
func (r *Reservation) startOver(err error) bool {
	if code := CodeOf(err); r.Revive || code != CodeLeaseEnded && code != CodeLeaseTaken {
		return false
	}
	license, _ := LicenseOfLease(r.Lease)
	r.Lease, r.Take = NewLeaseID(license), false
	return true
}

// countEndings counts leases whose time was over, and those whose seat was taken.
func (s *Service) countEndings(endings []Ending) {
	expired, taken := 0, 0
	for _, e := range endings {
		switch e.Reason {
		case ReasonExpired:
			expired++
		case ReasonTaken:
			taken++
		}
	}
	if expired > 0 {
		s.meter.Lease("expired", expired)
	}
	if taken > 0 {
		s.meter.Lease("taken", taken)
	}
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

// howFull adds the usage of the licence to a refusal of the ledger, which has only the reason. A refusal of the live
// seats has the usage already.
func (s *Service) howFull(ctx context.Context, license License, refusal error) error {
	var known *Error
	if !errors.As(refusal, &known) || known.Exhausted != nil {
		return refusal
	}
	full := Exhausted{Seats: license.Seats, InUse: license.Limit()}
	switch known.Code {
	case CodeNoSeats, CodeSeatsReserved:
		usage, err := s.seats.Usage(ctx, license.Ref())
		if err == nil {
			full.NextFree = usage.NextFree
		}
		if err == nil && known.Code == CodeSeatsReserved {
			full.InUse, full.Reserved = usage.InUse, max(0, full.InUse-usage.InUse)
		}
	case CodeUserLimit:
		full.Seats, full.InUse = license.UserSeats, license.UserSeats
	default:
		return refusal
	}
	told := *known
	told.Exhausted = &full
	return &told
}

// followLedger tells the seats' store what the ledger has ended, though it refused the grant: the leases that
// were to make room, and the device's own when that is over for good. Otherwise a live state that
// was lost meanwhile, and loaded from what the ledger had before, would keep their seats for as long as
// their holders send heartbeats.
func (s *Service) followLedger(ctx context.Context, g Grant, reserved Reserved, why error) {
	endings := reserved.Endings
	switch CodeOf(why) {
	case CodeLeaseTaken:
		endings = append(endings, Ending{Lease: g.Lease.ID, At: g.Lease.GrantedAt, Reason: ReasonTaken})
	case CodeLeaseEnded:
		endings = append(endings, Ending{Lease: g.Lease.ID, At: g.Lease.GrantedAt, Reason: ReasonReleased})
	case CodeNoSeats, CodeUserLimit, CodeSeatsReserved, CodeTenantSuspended, CodeLicenseSuspended, CodeLicenseRevoked, CodeLicenseExpired:
	default:
		// Of anything else it has written nothing, or nobody knows.
		if !errors.Is(why, ErrChanged) {
			return
		}
	}
	if len(endings) == 0 {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.seats.Settled(ctx, g.Lease.Ref(), endings); err != nil {
		s.log.WarnContext(ctx, "the live seats do not know yet which leases the ledger has ended", "tenant", g.Lease.Tenant, "license", g.Lease.License, "error", err)
	}
}

// takeBack ends a lease that is in the ledger but was never given to a client. If it
// fails, housekeeping finds the lease without a seat.
func (s *Service) takeBack(ctx context.Context, ref LicenseRef, written []Ending) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.settle(ctx, ref, written); err != nil {
		s.log.WarnContext(ctx, "a lease that was not handed out is still in the ledger; housekeeping will end it", "error", err)
	}
}

// grantOf is the grant of a reserved seat, without its token.
func grantOf(who Principal, license License, wanted Reservation, reserved Reserved) Grant {
	return Grant{License: license, New: reserved.New, InGrace: reserved.InGrace, Lease: Lease{
		Tenant: license.Tenant, License: license.ID, ID: reserved.Lease, Kind: reserved.Kind,
		Fingerprint: wanted.Fingerprint, User: who.User, Email: who.Email, Address: who.Address,
		GrantedAt: reserved.GrantedAt, ExpiresAt: reserved.ExpiresAt, Reservation: reserved.Group,
	}}
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
