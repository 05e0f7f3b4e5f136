package app

import (
	"context"
	"time"
)

// Bounds of a report.
const (
	// MaxReport is the longest time that one report is about.
	MaxReport = 31 * 24 * time.Hour
	// MaxUsageEvents is how many events of the audit trail a report of use reads: some
	// seconds' work for the ledger.
	MaxUsageEvents = 250_000
	// usualReport is what a report is about when nobody says: the last day.
	usualReport = 24 * time.Hour
	// reportsAtOnce is how many an instance works on, so that others find the ledger free.
	reportsAtOnce = 2
)

// Hour is how a licence was used in an hour.
type Hour struct {
	// At is its beginning.
	At time.Time
	// Peak is the most leases that were open at once, by the ledger's audit trail.
	Peak int
	// Granted is how many leases were new or revived, and Refused how many requests that
	// name the licence were refused.
	Granted, Refused int
}

// Denial is a refusal, with its repetitions within the hour.
type Denial struct {
	// Event is the first of them.
	Event
	Times  int
	LastAt time.Time
}

// Period is a time that a report is about: from From on, before To.
type Period struct{ From, To time.Time }

// Reports read the audit trail for administrators.
type Reports interface {
	// Refuse appends a refusal to the audit trail, or counts it when the same user was
	// refused the same for the same reason in the same hour.
	Refuse(ctx context.Context, tenant string, event Event) error
	// Hours returns each hour of a period, which begins with a full one. When it would
	// take more than MaxUsageEvents, it is CodeValidation.
	Hours(ctx context.Context, ref LicenseRef, period Period) ([]Hour, error)
	// Denials lists those of a period that name a licence ("": of all), oldest first, after
	// the one that `after` names (the zero Event: from the beginning). When there may be more,
	// next is the one to go on after; nothing that is written later comes before it.
	Denials(ctx context.Context, tenant, license string, period Period, after Event, limit int) (found []Denial, next *Event, err error)
}

// UsageReport has the usage of a licence in each hour of a period, and the number of its
// refused requests. Administrators only.
func (s *Service) UsageReport(ctx context.Context, who Principal, id string, period Period) (License, []Hour, error) {
	if !who.Admin {
		return License{}, nil, forbidden()
	}
	period, err := s.period(period)
	if err != nil {
		return License{}, nil, err
	}
	leave, err := s.reporting()
	if err != nil {
		return License{}, nil, err
	}
	defer leave()
	ref := LicenseRef{Tenant: who.Tenant, License: id}
	license, err := s.known(ctx, ref)
	if err != nil {
		return License{}, nil, err
	}
	hours, err := s.ledger.Hours(ctx, ref, period)
	return license, hours, err
}

// DenialReport lists who was refused what, when and why, in a period; of one licence or ("")
// of all, oldest first, and the one to go on after when there may be more. Administrators only.
func (s *Service) DenialReport(ctx context.Context, who Principal, license string, period Period, after Event, limit int) ([]Denial, *Event, error) {
	if !who.Admin {
		return nil, nil, forbidden()
	}
	period, err := s.period(period)
	if err != nil {
		return nil, nil, err
	}
	if license != "" && !validLicenseID(license) {
		return nil, nil, licenseNotFound()
	}
	leave, err := s.reporting()
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	return s.ledger.Denials(ctx, who.Tenant, license, period, after, limit)
}

// reporting takes one of the places for reports, which has to be left.
func (s *Service) reporting() (leave func(), err error) {
	select {
	case s.reports <- struct{}{}:
		return func() { <-s.reports }, nil
	default:
		return nil, &Error{Code: CodeTooManyRequests, Detail: "other reports are being made; try again", RetryAfter: 5 * time.Second}
	}
}

// period completes the requested period: it begins with a full hour and does not end in
// the future.
func (s *Service) period(p Period) (Period, error) {
	now := s.now().UTC()
	if p.To.IsZero() || p.To.After(now) {
		p.To = now
	}
	if p.From.IsZero() {
		p.From = p.To.Add(-usualReport)
	}
	p.From, p.To = p.From.UTC().Truncate(time.Hour), p.To.UTC()
	if !p.From.Before(p.To) || p.From.Year() < 2000 {
		return p, &Error{Code: CodeValidation, Detail: "the report is about no time", Fields: []FieldError{{Field: "query.from", Message: "must be before `to`, in the past, and after 1999"}}}
	}
	if p.To.Sub(p.From) > MaxReport+time.Hour {
		return p, &Error{Code: CodeValidation, Detail: "the report is about too long a time", Fields: []FieldError{{Field: "query.from", Message: "must be 31 days before `to` at most"}}}
	}
	return p, nil
}
