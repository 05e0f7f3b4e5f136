package redis

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// maxPending is how long a seat is kept for a request that reserved it, at most: longer
// than any request takes.
const maxPending = 30 * time.Second

// Reserve implements app.Seats.
func (s *Seats) Reserve(ctx context.Context, license app.License, wanted app.Reservation) (app.Reserved, error) {
	revive := "0"
	if wanted.Revive {
		revive = "1"
	}
	origin, may, exact := "", "0", "0"
	if wanted.Take {
		may = "1"
	}
	if wanted.Exact {
		exact = "1"
	}
	if license.WhenFull == app.WhenFullTake {
		by, err := json.Marshal(wanted.By)
		if err != nil {
			return app.Reserved{}, fmt.Errorf("encode who takes a seat: %w", err)
		}
		origin = string(by)
	}
	args := append([]any{
		wanted.Lease, wanted.Claim, digest(wanted.Fingerprint), digest(wanted.User), letter(wanted.Kind),
		wanted.For.Microseconds(), revive, min(license.LeaseTTL, maxPending).Microseconds(), groupsOf(license, wanted.Groups), origin, may, exact,
	}, numbers(license)...)
	a, err := s.run(ctx, s.reserve, license.Ref(), args...)
	if err != nil {
		return app.Reserved{}, err
	}
	switch a.word {
	case "new", "held", "joined", "takes":
		return reserved(a, wanted.Lease)
	case "full":
		return app.Reserved{}, exhausted(a, app.CodeNoSeats, "all seats of the licence are in use")
	case "reserved":
		return app.Reserved{}, exhausted(a, app.CodeSeatsReserved, "all seats that are free ("+a.text(3)+") are kept for groups that the user is not of")
	case "limit":
		return app.Reserved{}, exhausted(a, app.CodeUserLimit, "the user holds "+a.text(1)+" seats of the licence, and may hold "+a.text(0))
	case "changed":
		return app.Reserved{}, app.ErrChanged
	case "backlog":
		return app.Reserved{}, app.ErrBacklog
	case "taken":
		return app.Reserved{}, app.NewError(app.CodeLeaseEnded, "the device has a newer lease")
	case "ended":
		if a.text(0) == string(app.ReasonTaken) {
			return app.Reserved{}, app.LeaseTaken()
		}
		return app.Reserved{}, app.NewError(app.CodeLeaseEnded, "the lease was released or taken away")
	case "holder":
		return app.Reserved{}, app.NewError(app.CodeNotHolder, "another user holds a lease on this device")
	case "status":
		return app.Reserved{}, statusError(a.text(0))
	}
	return app.Reserved{}, fmt.Errorf("script reserve returned %q", a.word)
}

func reserved(a answer, wanted string) (app.Reserved, error) {
	granted, err := a.time(2)
	if err != nil {
		return app.Reserved{}, fmt.Errorf("script reserve: granted: %w", err)
	}
	expiry, err := a.time(3)
	if err != nil {
		return app.Reserved{}, fmt.Errorf("script reserve: expiry: %w", err)
	}
	endings, err := endingsOf(a.list(4), a.list(5))
	if err != nil {
		return app.Reserved{}, err
	}
	group, err := groupOf(a.text(6))
	if err != nil {
		return app.Reserved{}, fmt.Errorf("script reserve: group: %w", err)
	}
	// A repeated command finds the seat that its first run took.
	return app.Reserved{
		Lease: a.text(0), New: a.word == "new" || a.text(0) == wanted, Joined: a.word == "joined", Kind: kindOf(a.text(1)),
		GrantedAt: granted, ExpiresAt: expiry, Endings: endings, Group: group, InGrace: a.text(7) == "1", Takes: a.word == "takes", Regrouped: a.text(8) == "1", Shortens: a.text(9) == "1",
	}, nil
}

// exhausted says how full the licence is, or how many seats the user may hold and holds.
func exhausted(a answer, code app.Code, detail string) error {
	seats, seatsErr := strconv.Atoi(a.text(0))
	inUse, inUseErr := strconv.Atoi(a.text(1))
	full := &app.Exhausted{Seats: seats, InUse: inUse}
	var nextErr, keptErr error
	if code != app.CodeUserLimit {
		full.NextFree, nextErr = a.time(2)
	}
	if code == app.CodeSeatsReserved {
		full.Reserved, keptErr = strconv.Atoi(a.text(3))
	}
	if err := errors.Join(seatsErr, inUseErr, nextErr, keptErr); err != nil {
		return fmt.Errorf("script reserve: %s: %w", a.word, err)
	}
	return &app.Error{Code: code, Detail: detail, Exhausted: full}
}

// Confirm implements app.Seats.
func (s *Seats) Confirm(ctx context.Context, lease app.Lease, endings []app.Ending) (bool, error) {
	args := append([]any{lease.ID, letter(lease.Kind), lease.ExpiresAt.UnixMicro(), hex.EncodeToString([]byte(lease.Reservation))}, pairs(endings)...)
	a, err := s.run(ctx, s.confirm, lease.Ref(), args...)
	return a.word == "held", err
}

// Cancel implements app.Seats.
func (s *Seats) Cancel(ctx context.Context, ref app.LicenseRef, lease, claim string, why app.Reason) error {
	_, err := s.run(ctx, s.cancel, ref, lease, claim, string(why))
	return err
}
