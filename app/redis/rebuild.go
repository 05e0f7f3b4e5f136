package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// chunk is how many leases one script loads, so that no script blocks the server for
// long.
const chunk = 200

// maxPause is how long a rebuild may do nothing before another may begin: longer than a
// read of the ledger takes.
const maxPause = 6 * time.Second

// Clock implements app.Seats.
func (s *Seats) Clock(ctx context.Context) (time.Time, error) {
	start := time.Now()
	now, err := s.client.Time(ctx).Result()
	s.observe("clock", time.Since(start), err)
	if err != nil {
		return time.Time{}, unavailable(err)
	}
	return now.UTC(), nil
}

// Begin implements app.Seats.
func (s *Seats) Begin(ctx context.Context, ref app.LicenseRef) (app.Rebuild, error) {
	ticket := rand.Text()
	a, err := s.runKeys(ctx, s.begin, stagingKeys(ref, ticket), ticket, maxPause.Milliseconds())
	if err != nil {
		return app.Rebuild{}, err
	}
	switch a.word {
	case "busy":
		return app.Rebuild{}, app.ErrBusy
	case "warm":
		return app.Rebuild{}, app.ErrWarm
	}
	at, err := a.time(0)
	if err != nil {
		return app.Rebuild{}, fmt.Errorf("script begin: time: %w", err)
	}
	return app.Rebuild{Ticket: ticket, At: at}, nil
}

// stagingKeys are the keys of a rebuild: leases are staged in chunks, under names that no other
// rebuild uses, and then put in place in one step.
func stagingKeys(ref app.LicenseRef, ticket string) []string {
	names := keys(ref)
	for _, name := range []string{names[1], names[2], names[3], names[3] + ":granted", names[8], names[9], names[0]} {
		names = append(names, name+":"+ticket)
	}
	return append(names, names[0]+":rebuild", names[5]+":"+ticket)
}

// Stage implements app.Seats.
func (s *Seats) Stage(ctx context.Context, rebuild app.Rebuild, license app.License, part []app.Lease) error {
	names := stagingKeys(license.Ref(), rebuild.Ticket)
	for some := range slices.Chunk(part, chunk) {
		args := make([]any, 5, 5+len(some))
		args[0], args[1], args[2] = rebuild.Ticket, maxPause.Milliseconds(), license.LeaseTTL.Microseconds()
		args[3], args[4] = license.LeaseGrace.Microseconds(), limited(license)
		for _, lease := range some {
			group, kind, expiry := hex.EncodeToString([]byte(lease.Reservation)), lease.Kind, lease.ExpiresAt
			if !expiry.After(rebuild.At) {
				kind = app.KindFloating
			}
			if expiry.Before(license.PromisedUntil) {
				expiry = license.PromisedUntil
			}
			args = append(args, fmt.Sprintf("%s %d %d %s %s %s %s %d", lease.ID, max(0, expiry.UnixMicro()), max(0, lease.GrantedAt.UnixMicro()),
				digest(lease.Fingerprint), digest(lease.User), letter(kind), cmp.Or(group, "-"), max(0, lease.ExpiresAt.UnixMicro())))
		}
		if _, err := s.runKeys(ctx, s.stage, names, args...); err != nil {
			return err
		}
	}
	return nil
}

// Load implements app.Seats.
func (s *Seats) Load(ctx context.Context, rebuild app.Rebuild, license app.License) error {
	_, err := s.runKeys(ctx, s.load, stagingKeys(license.Ref(), rebuild.Ticket), append([]any{limited(license)}, numbers(license)...)...)
	return err
}

// Abandon implements app.Seats.
func (s *Seats) Abandon(ctx context.Context, ref app.LicenseRef, rebuild app.Rebuild) error {
	_, err := s.runKeys(ctx, s.abandon, stagingKeys(ref, rebuild.Ticket), rebuild.Ticket)
	return err
}
