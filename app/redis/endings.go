package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// Free implements app.Seats.
func (s *Seats) Free(ctx context.Context, ref app.LicenseRef, lease, user string, why app.Reason) (app.Ending, error) {
	if user != "" {
		user = digest(user)
	}
	a, err := s.run(ctx, s.free, ref, lease, user, string(why))
	if err != nil {
		return app.Ending{}, err
	}
	switch a.word {
	case "freed":
		at, err := a.time(0)
		if err != nil {
			return app.Ending{}, fmt.Errorf("script free: time: %w", err)
		}
		return app.Ending{Lease: lease, At: at, Reason: why}, nil
	case "absent":
		return app.Ending{}, app.ErrAbsent
	case "holder":
		return app.Ending{}, app.NewError(app.CodeNotHolder, "the lease belongs to another user")
	}
	return app.Ending{}, fmt.Errorf("script free returned %q", a.word)
}

// Reclaim implements app.Seats.
func (s *Seats) Reclaim(ctx context.Context, ref app.LicenseRef) ([]app.Ending, error) {
	a, err := s.run(ctx, s.reclaim, ref)
	if err != nil {
		return nil, err
	}
	return endingsOf(a.list(0))
}

// Settled implements app.Seats.
func (s *Seats) Settled(ctx context.Context, ref app.LicenseRef, endings []app.Ending, lease string) (bool, error) {
	args := make([]any, 1, 1+2*len(endings))
	args[0] = lease
	for _, e := range endings {
		args = append(args, e.Lease+" "+string(e.Reason), e.At.UnixMicro())
	}
	a, err := s.run(ctx, s.settled, ref, args...)
	return a.word == "held", err
}

// Usage implements app.Seats.
func (s *Seats) Usage(ctx context.Context, ref app.LicenseRef) (app.Usage, error) {
	a, err := s.run(ctx, s.usage, ref)
	if err != nil {
		return app.Usage{}, err
	}
	inUse, err := strconv.Atoi(a.text(0))
	if err != nil {
		return app.Usage{}, fmt.Errorf("script usage: seats in use: %w", err)
	}
	next, err := a.time(1)
	if err != nil {
		return app.Usage{}, fmt.Errorf("script usage: next free: %w", err)
	}
	now, err := a.time(2)
	if err != nil {
		return app.Usage{}, fmt.Errorf("script usage: now: %w", err)
	}
	return app.Usage{InUse: inUse, NextFree: next, Now: now}, nil
}

// Absent implements app.Seats.
func (s *Seats) Absent(ctx context.Context, ref app.LicenseRef, leases []string) ([]string, time.Time, error) {
	args := make([]any, len(leases))
	for i, lease := range leases {
		args[i] = lease
	}
	a, err := s.run(ctx, s.absent, ref, args...)
	if err != nil {
		return nil, time.Time{}, err
	}
	now, err := a.time(0)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("script absent: now: %w", err)
	}
	return a.list(1), now, nil
}

// endingsOf reads pairs of "lease reason" and time.
func endingsOf(pairs []string) ([]app.Ending, error) {
	endings := make([]app.Ending, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		lease, reason, _ := strings.Cut(pairs[i], " ")
		at, err := instant(pairs[i+1])
		if err != nil {
			return nil, fmt.Errorf("ending %q has no time: %w", pairs[i], err)
		}
		endings = append(endings, app.Ending{Lease: lease, At: at, Reason: app.Reason(reason)})
	}
	return endings, nil
}
