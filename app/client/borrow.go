package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app/verify"
)

// Borrowed is a seat for use without network.
type Borrowed struct {
	// File is the licence file: keep it, and check it with verify.File at each start.
	File    string
	License verify.License
}

type borrowBody struct {
	Fingerprint     string `json:"fingerprint"`
	DurationSeconds int    `json:"durationSeconds"`
}

// Borrow borrows a seat for the device, for 1 minute to what the licence allows, in whole seconds.
func Borrow(ctx context.Context, config Config, duration time.Duration) (Borrowed, error) {
	var borrowed Borrowed
	err := once(config, func(k *keeper) error {
		g, err := k.borrow(ctx, duration)
		if err == nil {
			borrowed = Borrowed{File: g.File, License: g.license}
		}
		return err
	})
	return borrowed, err
}

func (k *keeper) borrow(ctx context.Context, duration time.Duration) (*grant, error) {
	if duration < time.Minute {
		return nil, fmt.Errorf("client: cannot borrow for %s, but for a minute or longer", duration)
	}
	g, err := k.take(ctx, borrowing, borrowBody{k.config.Fingerprint, int(duration / time.Second)})
	if err != nil {
		return nil, fmt.Errorf("client: licence %q is not borrowed: %w", k.config.License, err)
	}
	if !g.license.Borrowed || g.File == "" {
		return nil, errors.New("client: the answer is not a borrowed licence")
	}
	return g, nil
}

// Borrow makes the seat a borrowed one: it needs no heartbeat until its end, and Close leaves it
// with the device.
func (s *Seat) Borrow(ctx context.Context, duration time.Duration) (Borrowed, error) {
	s.calls.Lock()
	defer s.calls.Unlock()
	select {
	case <-s.stopped:
		return Borrowed{}, errors.New("client: the seat is closed")
	default:
	}
	// Close does not wait for the answer.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	g, err := s.keeper.borrow(ctx, duration)
	if err != nil {
		return Borrowed{}, err
	}
	s.granted(g)
	s.mu.Lock()
	defer s.mu.Unlock()
	// The heartbeat before its end makes it a floating one again.
	left := s.until.Sub(s.keeper.time.now())
	s.next = s.keeper.config.Clock.Now().Add(max(left-s.interval, s.interval/2))
	return Borrowed{File: g.File, License: g.license}, nil
}

// Return gives a borrowed seat back before its end, or releases any lease of the user. A lease
// that has ended is not an error; a lease that does not exist is (*Refusal with lease_not_found).
func Return(ctx context.Context, config Config, lease string) error {
	return once(config, func(k *keeper) error {
		if err := k.releaseSurely(ctx, lease); err != nil && (!gone(err) || refusedAs(err, codeNoLease)) {
			return fmt.Errorf("client: the lease %q is not released: %w", lease, err)
		}
		return nil
	})
}

// Acquire takes a seat, or extends the device's, and does not keep it: it is free again after the
// licence's lease time. It returns the verified licence and its token.
func Acquire(ctx context.Context, config Config) (verify.License, string, error) {
	var g *grant
	err := once(config, func(k *keeper) (err error) {
		g, err = k.acquire(ctx)
		return err
	})
	if err != nil {
		return verify.License{}, "", err
	}
	return g.license, g.Token, nil
}

// Status is how full a licence is.
type Status struct {
	ID         string     `json:"id"`
	Product    string     `json:"product"`
	Status     string     `json:"status"`
	Seats      int        `json:"seats"`
	SeatsInUse int        `json:"seatsInUse"`
	Features   []string   `json:"features,omitempty"`
	NextFreeAt *time.Time `json:"nextFreeAt,omitempty"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
}

// Look asks how full the licence is.
func Look(ctx context.Context, config Config) (Status, error) {
	var status Status
	err := once(config, func(k *keeper) error {
		err := k.asUser(ctx, http.MethodGet, "/v1/licenses/"+url.PathEscape(config.License), nil, &status)
		if err == nil && status.ID != config.License {
			err = errors.New("the answer about the licence is not one of the licence server's")
		}
		return err
	})
	return status, err
}

// Keys fetches the published keys of a server, for verify.File. It needs no user: of the
// Config only Server, and how it is reached.
func Keys(ctx context.Context, config Config) ([]byte, error) {
	if err := checkServer(config.Server); err != nil {
		return nil, err
	}
	if err := config.reach(); err != nil {
		return nil, err
	}
	k := newKeeper(Config{Server: strings.TrimRight(config.Server, "/"), HTTP: config.HTTP, Connect: config.Connect, roots: config.roots, Timeout: defaultTimeout, Clock: system{}})
	defer k.close()
	return k.fetchKeys(ctx)
}

// once does one thing with a client that is closed afterwards.
func once(config Config, do func(*keeper) error) error {
	config, err := config.complete()
	if err != nil {
		return err
	}
	k := newKeeper(config)
	defer k.close()
	return do(k)
}
