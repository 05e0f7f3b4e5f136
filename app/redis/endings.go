package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Free implements app.Seats.
func (s *Seats) Free(ctx context.Context, ref app.LicenseRef, lease, user string, why app.Reason, by app.Origin, settled []app.Ending) (app.Ending, error) {
	if user != "" {
		user = digest(user)
	}
	origin, err := json.Marshal(by)
	if err != nil {
		return app.Ending{}, fmt.Errorf("encode who frees a seat: %w", err)
	}
	a, err := s.run(ctx, s.free, ref, append([]any{lease, user, string(why), origin}, pairs(settled)...)...)
	if err != nil {
		return app.Ending{}, err
	}
	switch a.word {
	case "freed":
		at, err := a.time(0)
		if err != nil {
			return app.Ending{}, fmt.Errorf("script free: time: %w", err)
		}
		return app.Ending{Lease: lease, At: at, Reason: why, By: by}, nil
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
	return endingsOf(a.list(0), a.list(1))
}

// Settled implements app.Seats.
func (s *Seats) Settled(ctx context.Context, ref app.LicenseRef, endings []app.Ending) error {
	_, err := s.run(ctx, s.settled, ref, pairs(endings)...)
	return err
}

// Named implements app.Seats. It reads a part of an index, and so no data of other tenants.
func (s *Seats) Named(ctx context.Context, tenant string) ([]string, error) {
	start := time.Now()
	licenses, err := s.named(ctx, tenant+"/")
	s.observe("named", time.Since(start), err)
	if err != nil {
		return nil, unavailable(err)
	}
	return licenses, nil
}

// namedPage is how many names one command returns.
const namedPage = 1000

func (s *Seats) named(ctx context.Context, prefix string) (licenses []string, err error) {
	// The byte after a slash is a zero's.
	names := goredis.ZRangeArgs{Key: keyNamed, Start: "[" + prefix, Stop: "(" + strings.TrimSuffix(prefix, "/") + "0", ByLex: true, Count: namedPage}
	for {
		found, err := s.client.ZRangeArgs(ctx, names).Result()
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			licenses = append(licenses, strings.TrimPrefix(name, prefix))
		}
		if len(found) < namedPage {
			return licenses, nil
		}
		names.Start = "(" + found[len(found)-1]
	}
}

// pairs are endings as the scripts know them: "lease reason" and time.
func pairs(endings []app.Ending) []any {
	args := make([]any, 0, 2*len(endings))
	for _, e := range endings {
		args = append(args, e.Lease+" "+string(e.Reason), e.At.UnixMicro())
	}
	return args
}

// endingsOf reads pairs of "lease reason" and time, and for each pair who ended it.
func endingsOf(pairs, origins []string) ([]app.Ending, error) {
	if len(pairs) != 2*len(origins) {
		return nil, fmt.Errorf("%d values for %d endings: %w", len(pairs), len(origins), errors.ErrUnsupported)
	}
	endings := make([]app.Ending, len(origins))
	for i, origin := range origins {
		lease, reason, _ := strings.Cut(pairs[2*i], " ")
		at, err := instant(pairs[2*i+1])
		if err != nil {
			return nil, fmt.Errorf("ending %q has no time: %w", pairs[2*i], err)
		}
		endings[i] = app.Ending{Lease: lease, At: at, Reason: app.Reason(reason)}
		if origin == "" {
			continue
		}
		if err := json.Unmarshal([]byte(origin), &endings[i].By); err != nil {
			return nil, fmt.Errorf("decode who ended %q: %w", pairs[2*i], err)
		}
	}
	return endings, nil
}
