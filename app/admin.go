package app

import "context"

// MaxPage is the most that a list returns at once.
const MaxPage = 200

// CreateLicense adds a licence to the caller's tenant. Administrators only.
func (s *Service) CreateLicense(ctx context.Context, who Principal, license License) (License, error) {
	if !who.Admin {
		return License{}, forbidden()
	}
	license.Tenant = who.Tenant
	license = license.Defaulted()
	if err := license.Validate(); err != nil {
		return License{}, err
	}
	event := who.event(ActionCreate, license.ID, "")
	event.Detail = Changes(License{}, license)
	return s.ledger.CreateLicense(ctx, license, event)
}

// UpdateLicense lets change alter a licence, checks the result, and brings the live seats up
// to date. Administrators only. With fewer seats than are in use nobody loses a lease; new
// ones are refused until enough have ended. known is the revision that the caller has read:
// CodeLicenseChanged when the licence has another one now; nil allows any. A licence that is
// revoked can only be revoked again.
func (s *Service) UpdateLicense(ctx context.Context, who Principal, id string, action Action, known *int, change func(*License)) (License, error) {
	if !who.Admin {
		return License{}, forbidden()
	}
	if !validLicenseID(id) {
		return License{}, licenseNotFound()
	}
	ref := LicenseRef{Tenant: who.Tenant, License: id}
	license, err := s.ledger.UpdateLicense(ctx, ref, func(l *License) (Event, error) {
		if known != nil && int64(*known) != l.Revision {
			return Event{}, NewError(CodeLicenseChanged, "the licence was changed since it was read; read it again")
		}
		if l.Status == StatusRevoked && action != ActionRevoke {
			return Event{}, NewError(CodeLicenseRevoked, "a revoked licence cannot be changed")
		}
		before := *l
		change(l)
		event := who.event(action, id, "")
		event.Detail = Changes(before, *l)
		return event, l.Validate()
	})
	if err != nil {
		return License{}, err
	}
	if err := s.configure(ctx, license); err != nil {
		return License{}, err
	}
	return license, nil
}

// GetLicense returns a licence and how full it is, to any user of the tenant.
func (s *Service) GetLicense(ctx context.Context, who Principal, id string) (License, Usage, error) {
	if err := who.May(id); err != nil {
		return License{}, Usage{}, err
	}
	ref := LicenseRef{Tenant: who.Tenant, License: id}
	license, err := s.known(ctx, ref)
	if err != nil {
		return License{}, Usage{}, err
	}
	var usage Usage
	err = s.warm(ctx, ref, func() (err error) {
		usage, err = s.seats.Usage(ctx, ref)
		return err
	})
	return license, usage, err
}

// Licenses lists the tenant's licences after the id `after`. Administrators only.
func (s *Service) Licenses(ctx context.Context, who Principal, after string, limit int) ([]License, error) {
	if !who.Admin {
		return nil, forbidden()
	}
	if after != "" && !validLicenseID(after) {
		return nil, badCursor("query.cursor")
	}
	return s.ledger.Licenses(ctx, who.Tenant, after, limit)
}

// Leases lists a licence's open leases after the id `after`. Administrators only.
func (s *Service) Leases(ctx context.Context, who Principal, license, after string, limit int) ([]Lease, error) {
	if !who.Admin {
		return nil, forbidden()
	}
	ref := LicenseRef{Tenant: who.Tenant, License: license}
	if _, err := s.known(ctx, ref); err != nil {
		return nil, err
	}
	if _, ok := LicenseOfLease(after); after != "" && !ok {
		return nil, badCursor("query.cursor")
	}
	return s.ledger.Leases(ctx, ref, after, limit)
}

// Events lists the tenant's audit trail, newest first. Administrators only.
func (s *Service) Events(ctx context.Context, who Principal, before int64, limit int) ([]Event, error) {
	if !who.Admin {
		return nil, forbidden()
	}
	return s.ledger.Events(ctx, who.Tenant, before, limit)
}

// badCursor refuses a cursor that does not come from an answer.
func badCursor(field string) *Error {
	return &Error{Code: CodeValidation, Detail: "the cursor is not valid", Fields: []FieldError{{Field: field, Message: "must be the next of an earlier answer"}}}
}
