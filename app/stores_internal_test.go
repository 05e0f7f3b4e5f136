package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// stores stands for the ledger, the live seats, the signing key and the meter. It notes what
// is called, and answers as a test has prepared; else as stores do that are well.
type stores struct {
	Ledger
	Seats
	service *Service
	// mu guards calls and fails: the ledger and the key are asked at the same time.
	mu    sync.Mutex
	calls []string
	// fails are the errors of a method's next calls, nil for one that goes well.
	fails  map[string][]error
	counts tally

	license License
	// reserved is what Reserve answers, but for lease, kind and times that are not given.
	reserved Reserved
	wanted   []Reservation
	lease    Lease
	// later is the lease from the second reading on, when it is given.
	later    *Lease
	held     []bool
	extended Extended
	endings  [][]Ending
	leases   [][]Lease
	ended    []Ending
	now      time.Time
}

// tally is a meter.
type tally map[string]int

func (t tally) Lease(outcome string, n int) { t[outcome] += n }
func (t tally) Full(Fullness)               { t["full"]++ }
func (t tally) Rebuilt()                    { t["rebuilt"]++ }

var errBroken = errors.New("broken")

func newStores() *stores {
	s := &stores{
		fails: map[string][]error{}, counts: tally{}, now: time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC),
		license: License{Tenant: "acme", ID: "ide", Product: "p", Seats: 2, MaxBorrow: time.Hour, Revision: 7}.Defaulted(), reserved: Reserved{New: true},
	}
	s.service = New(Dependencies{Ledger: s, Seats: s, Signer: s, Meter: s.counts, Log: slog.New(slog.DiscardHandler), Issuer: "issuer", Now: func() time.Time { return s.now }})
	return s
}

// did notes a call, and returns the error that is prepared for it.
func (s *stores) did(method string, about ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.TrimSpace(method+" "+strings.TrimSpace(fmt.Sprintln(about...))))
	if next := s.fails[method]; len(next) > 0 {
		s.fails[method] = next[1:]
		return next[0]
	}
	return nil
}

// called returns what was called since the last time.
func (s *stores) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func repeated(err error, n int) []error { return slices.Repeat([]error{err}, n) }

func (s *stores) License(context.Context, LicenseRef) (License, error) {
	return s.license, s.did("License")
}

func (s *stores) Lease(context.Context, string, string) (Lease, error) {
	lease := s.lease
	if s.later != nil {
		s.lease = *s.later
	}
	return lease, s.did("Lease")
}

func (s *stores) Grant(_ context.Context, l Lease, revision int64, endings []Ending, event Event) error {
	return s.did("Grant", event.Action, revision, len(endings))
}

func (s *stores) End(_ context.Context, _ string, endings []Ending) error {
	s.ended = append(s.ended, endings...)
	return s.did("End", endings[0].Reason, len(endings))
}

func (s *stores) Record(_ context.Context, _ string, event Event) error {
	return s.did("Record", event.Action, event.Detail)
}

func (s *stores) Reserve(_ context.Context, license License, wanted Reservation) (Reserved, error) {
	s.wanted = append(s.wanted, wanted)
	got := s.reserved
	if got.Lease == "" {
		got.Lease = wanted.Lease
	}
	if got.Kind == "" {
		got.Kind = wanted.Kind
	}
	got.GrantedAt = s.now.Add(time.Duration(len(s.wanted)) * time.Second)
	got.ExpiresAt = got.GrantedAt.Add(wanted.For)
	if wanted.Take {
		got.Takes, got.New = false, true
	}
	return got, s.did("Reserve")
}

func (s *stores) Confirm(context.Context, Lease, []Ending) (bool, error) {
	held := true
	if len(s.held) > 0 {
		held, s.held = s.held[0], s.held[1:]
	}
	return held, s.did("Confirm")
}

func (s *stores) Cancel(_ context.Context, _ LicenseRef, _, _ string, why Reason) error {
	return s.did("Cancel", why)
}

func (s *stores) Extend(context.Context, LicenseRef, string, string) (Extended, error) {
	return s.extended, s.did("Extend")
}

func (s *stores) Free(_ context.Context, _ LicenseRef, lease, user string, why Reason, by Origin, settled []Ending) (Ending, error) {
	return Ending{Lease: lease, At: s.now, Reason: why, By: by}, s.did("Free", user, len(settled))
}

func (s *stores) Reclaim(context.Context, LicenseRef) (endings []Ending, err error) {
	if len(s.endings) > 0 {
		endings, s.endings = s.endings[0], s.endings[1:]
	}
	return endings, s.did("Reclaim")
}

func (s *stores) Settled(_ context.Context, _ LicenseRef, endings []Ending) error {
	return s.did("Settled", len(endings))
}

func (s *stores) Usage(context.Context, LicenseRef) (Usage, error) {
	return Usage{InUse: 1, NextFree: s.now.Add(time.Minute)}, s.did("Usage")
}

func (s *stores) Begin(context.Context, LicenseRef) (Rebuild, error) {
	return Rebuild{At: s.now}, s.did("Begin")
}

func (s *stores) Seat(context.Context, LicenseRef, time.Time) error { return s.did("Seat") }

func (s *stores) Leases(_ context.Context, _ LicenseRef, after string, _ int) ([]Lease, error) {
	return takePage(&s.leases), s.did("Leases", after)
}

// takePage takes the first of the pages that are left.
func takePage[T any](pages *[][]T) (page []T) {
	if len(*pages) > 0 {
		page, *pages = (*pages)[0], (*pages)[1:]
	}
	return page
}

func (s *stores) Stage(context.Context, Rebuild, License, []Lease) error { return s.did("Stage") }

func (s *stores) Load(context.Context, Rebuild, License) error { return s.did("Load") }

func (s *stores) Abandon(context.Context, LicenseRef, Rebuild) error { return s.did("Abandon") }

func (s *stores) Configure(_ context.Context, license License, overruled int64) (int64, error) {
	return license.Revision, s.did("Configure", overruled)
}

func (s *stores) Clock(context.Context) (time.Time, error) { return s.now, s.did("Clock") }

func (s *stores) Sign(context.Context, Claims) (string, error) { return "token", s.did("Sign") }

func ada() Principal { return Principal{Tenant: "acme", User: "ada"} }
