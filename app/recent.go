package app

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// recent is a cache of licences, so that a grant need not read its licence first. An outdated
// entry does no harm: both stores compare the licence's revision and answer ErrChanged, and
// before a request is refused the licence is read again.
type recent struct {
	mu    sync.Mutex
	known map[LicenseRef]*list.Element
	// order begins with the oldest entry.
	order *list.List
}

// Bounds of what is remembered: some 500 bytes each.
const (
	maxRecent  = 4096
	keepRecent = time.Minute
)

type recentLicense struct {
	license License
	until   time.Time
}

func newRecent() *recent { return &recent{known: map[LicenseRef]*list.Element{}, order: list.New()} }

// recall returns a licence that may be used, if there is one in the cache. A licence that takes
// seats from other devices is always read.
func (r *recent) recall(ref LicenseRef, now time.Time) (License, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.known[ref]
	if !found {
		return License{}, false
	}
	entry, ok := element.Value.(recentLicense)
	if !ok || !now.Before(entry.until) || entry.license.WhenFull == WhenFullTake || entry.license.Usable(now) != nil {
		return License{}, false
	}
	return entry.license, true
}

// keep remembers a licence and replaces its former version.
func (r *recent) keep(license License, now time.Time) {
	// No decision depends on it.
	license.Metadata = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(license.Ref())
	r.known[license.Ref()] = r.order.PushBack(recentLicense{license: license, until: now.Add(keepRecent)})
	if r.order.Len() > maxRecent {
		if oldest, ok := r.order.Front().Value.(recentLicense); ok {
			r.drop(oldest.license.Ref())
		}
	}
}

// forget forgets a licence.
func (r *recent) forget(ref LicenseRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(ref)
}

func (r *recent) drop(ref LicenseRef) {
	if element, found := r.known[ref]; found {
		r.order.Remove(element)
		delete(r.known, ref)
	}
}

// grantBy calls grant with the licence from the cache and exact, so that both stores compare its
// revision; and with the licence as the ledger has it when that fails.
func (s *Service) grantBy(ctx context.Context, ref LicenseRef, grant func(license License, exact bool) (Grant, error)) (Grant, error) {
	remembered, found := s.recent.recall(ref, s.now())
	var refused error
	if found {
		g, err := grant(remembered, true)
		if err == nil {
			return g, nil
		}
		refused = err
		s.recent.forget(ref)
	}
	for range attempts {
		license, err := s.license(ctx, ref)
		if err != nil {
			return Grant{}, err
		}
		s.recent.keep(license, s.now())
		if refused != nil && !errors.Is(refused, ErrChanged) && license.Revision == remembered.Revision {
			return Grant{}, refused
		}
		refused = nil
		g, err := grant(license, false)
		if !errors.Is(err, ErrChanged) {
			return g, err
		}
	}
	return Grant{}, Unavailable("ledger", ErrChanged)
}
