package app

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// recent remembers licences that were read a short time ago, so that a grant need not read its
// licence first. Nobody trusts what is remembered: by the terms of a licence that was changed
// since, the live seats do nothing and the ledger takes no lease (ErrChanged), and a refusal is
// given by what the ledger says now.
type recent struct {
	mu    sync.Mutex
	known map[LicenseRef]*list.Element
	// order is from the longest remembered one on.
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

// recall returns a licence that may be used by what is remembered. One that may take a seat from
// another device has to be read first.
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

// keep remembers a licence in place of the one that it was before.
func (r *recent) keep(license License, now time.Time) {
	// It is the administrator's own text, and no term.
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

// grantBy makes a grant by the terms of a licence, which have to be those that both stores know
// when it is read from memory.
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
