package app

import "context"

// Export returns the personal data kept about a user ("": all users) of the
// caller's tenant. Administrators only.
func (s *Service) Export(ctx context.Context, who Principal, user string) (PersonalData, error) {
	if !who.Admin {
		return PersonalData{}, forbidden()
	}
	return s.ledger.Export(ctx, who.Tenant, user, who.event(ActionExport, "", ""))
}

// Erase ends the leases of a user ("": of all users) of the caller's tenant and
// erases their personal data. It returns how many rows were changed.
// Administrators only.
func (s *Service) Erase(ctx context.Context, who Principal, user string) (int64, error) {
	if !who.Admin {
		return 0, forbidden()
	}
	licenses, err := s.ledger.Busy(ctx, who.Tenant)
	if err != nil {
		return 0, err
	}
	for _, license := range licenses {
		open, err := s.ledger.Open(ctx, license.Ref())
		if err != nil {
			return 0, err
		}
		for _, lease := range open {
			if user != "" && lease.User != user {
				continue
			}
			if err := s.ForceRelease(ctx, who, lease.ID); err != nil {
				return 0, err
			}
		}
	}
	return s.ledger.Erase(ctx, who.Tenant, user, who.event(ActionErase, "", ""))
}
