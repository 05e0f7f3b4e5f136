package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// chunk is how many leases one script takes in, so that no script keeps the server
// from others for long.
const chunk = 1000

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
	names := keys(ref)
	a, err := s.runKeys(ctx, s.begin, append(names, names[0]+":"+ticket))
	if err != nil {
		return app.Rebuild{}, err
	}
	at, err := a.time(0)
	if err != nil {
		return app.Rebuild{}, fmt.Errorf("script begin: time: %w", err)
	}
	return app.Rebuild{Ticket: ticket, At: at}, nil
}

// Load implements app.Seats. The leases are put aside in chunks, under names that no
// other load uses, and take their place in one step.
func (s *Seats) Load(ctx context.Context, rebuild app.Rebuild, license app.License, open []app.Lease) error {
	ref := license.Ref()
	names := keys(ref)
	aside := ":" + rebuild.Ticket
	names = append(names, names[1]+aside, names[2]+aside, names[3]+aside, names[0]+aside)
	for part := range slices.Chunk(open, chunk) {
		args := make([]any, 1, 1+len(part))
		args[0] = license.LeaseTTL.Microseconds()
		for _, lease := range part {
			expiry := max(0, lease.ExpiresAt.UnixMicro())
			args = append(args, fmt.Sprintf("%s %d %s %s %s", lease.ID, expiry, digest(lease.Fingerprint), digest(lease.User), letter(lease.Kind)))
		}
		if _, err := s.runKeys(ctx, s.stage, names, args...); err != nil {
			return err
		}
	}
	_, err := s.runKeys(ctx, s.load, names, numbers(license)...)
	return err
}
