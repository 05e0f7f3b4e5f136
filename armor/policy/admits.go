package policy

import "slices"

// Admits says whether all clients of a country, an ISO 3166-1 alpha 2 code, are allowed.
// Settings that only log let everybody in; an allowlist knows addresses, and lets nobody
// in for a country.
func (s Settings) Admits(country string) bool {
	s = s.withDefaults()
	if s.Mode == Allowlisted && !s.Preview && !s.Allowlist.Preview {
		return false
	}
	return s.Regions.Off || s.Regions.Preview || s.Preview || slices.Contains(s.Regions.Allowed, country)
}
