package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/coditect-ai/license-platform/app"
)

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
	usage := app.Usage{InUse: inUse, NextFree: next, Now: now}
	counts := a.list(4)
	for i, text := range a.list(3) {
		group, err := groupOf(text)
		if err != nil || i >= len(counts) {
			return app.Usage{}, fmt.Errorf("script usage: group %q: %w", text, cmp.Or(err, errors.ErrUnsupported))
		}
		if usage.Reserved == nil {
			usage.Reserved = map[string]int{}
		}
		if usage.Reserved[group], err = strconv.Atoi(counts[i]); err != nil {
			return app.Usage{}, fmt.Errorf("script usage: seats of group %q: %w", group, err)
		}
	}
	return usage, nil
}
