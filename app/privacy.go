package app

import (
	"context"
	"time"
)

// exportLimit is how many leases, and how many events, one export returns: more than
// years of one user, and little enough for the memory of a container.
const exportLimit = 5000

// Export returns the personal data kept about a user ("": all users) of the
// caller's tenant, suspended or not, from a place on. Administrators only.
func (s *Service) Export(ctx context.Context, who Principal, user string, after Place) (PersonalData, error) {
	if !who.Admin {
		return PersonalData{}, forbidden()
	}
	if !PlainText(user) {
		return PersonalData{}, badUser()
	}
	if _, ok := LicenseOfLease(after.Lease); after.Lease != "" && !ok {
		return PersonalData{}, badCursor("body.cursor")
	}
	event := who.event(ActionExport, "", "")
	event.Detail = subject(who.Tenant, user)
	data, err := s.ledger.Export(ctx, who.Tenant, user, after, exportLimit, event)
	if err != nil {
		return PersonalData{}, err
	}
	leases, events := len(data.Leases), len(data.Events)
	if leases == exportLimit || events == exportLimit {
		if leases > 0 {
			after.Lease = data.Leases[leases-1].ID
		}
		if events > 0 {
			after.Event = data.Events[events-1].ID
		}
		data.Next = &after
	}
	return data, nil
}

// Erase ends the leases of a user ("": of all users) of the caller's tenant, suspended or
// not, and erases their personal data. It returns how many rows of the ledger were changed.
// When one request has not enough time for everything, it returns CodeUnavailable, and
// continues when it is called again. Administrators only.
func (s *Service) Erase(ctx context.Context, who Principal, user string) (int64, error) {
	if !who.Admin {
		return 0, forbidden()
	}
	if !PlainText(user) {
		return 0, badUser()
	}
	changed, err := s.erase(ctx, who, user)
	if err != nil && ctx.Err() != nil {
		return 0, &Error{
			Code: CodeUnavailable, Detail: "there is more to erase than one request has time for; send it again, and it goes on from here",
			RetryAfter: time.Second, Cause: err,
		}
	}
	return changed, err
}

func badUser() *Error {
	return &Error{Code: CodeValidation, Detail: "the user is not valid", Fields: []FieldError{{Field: "body.user", Message: "must be a user's id: no control characters"}}}
}

func (s *Service) erase(ctx context.Context, who Principal, user string) (int64, error) {
	if err := s.endOf(ctx, who, user); err != nil {
		return 0, err
	}
	event := who.event(ActionErase, "", "")
	event.Detail = subject(who.Tenant, user)
	changed, err := s.ledger.Erase(ctx, who.Tenant, user, event)
	if err != nil {
		return 0, err
	}
	// Remembered answers to the user hold fingerprints and tokens, also answers that were given
	// while the ledger erased the user.
	if err := s.answers.Forget(ctx, who.Tenant, user); err != nil {
		return 0, err
	}
	return changed, s.endErased(ctx, who)
}

// endOf ends the open leases of a user ("": of all), and tells the ledger of endings that wait
// for it and name who ended them, also where the licence has had no lease for long. It looks at no
// other licences: a tenant may have more of them than one request has time for.
func (s *Service) endOf(ctx context.Context, who Principal, user string) error {
	named, err := s.seats.Named(ctx, who.Tenant)
	if err != nil {
		return err
	}
	for _, license := range named {
		ref := LicenseRef{Tenant: who.Tenant, License: license}
		if err := s.dropped(ctx, ref, s.Reclaim(ctx, ref)); err != nil {
			return err
		}
	}
	for after := ""; ; {
		leases, err := s.ledger.OpenOf(ctx, who.Tenant, user, after, page)
		if err != nil {
			return err
		}
		for _, lease := range leases {
			if err := s.ForceRelease(ctx, who, lease); err != nil {
				return err
			}
		}
		if len(leases) < page {
			return nil
		}
		after = leases[page-1]
	}
}

// endErased ends leases that were granted while their user was erased: their holder has no name
// in the ledger any more, so that a rebuild of the live seats would give the seat to nobody.
func (s *Service) endErased(ctx context.Context, who Principal) error {
	for {
		leases, err := s.ledger.OpenErased(ctx, who.Tenant)
		if err != nil || len(leases) == 0 {
			return err
		}
		for _, lease := range leases {
			if err := s.ForceRelease(ctx, who, lease); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
