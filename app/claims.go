package app

import (
	"crypto/rand"
	"time"
)

// Claims are the content of a licence token and of a borrowed licence's file.
type Claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	Tenant   string `json:"tenant"`
	Lease    string `json:"lease"`
	// Fingerprint is the device that may use the licence.
	Fingerprint string `json:"fingerprint"`
	Seats       int    `json:"seats"`
	Kind        Kind   `json:"kind"`
	// Features are the licence's entitlements.
	Features []string `json:"features,omitempty"`
	// InGrace says that the licence's own time is over.
	InGrace bool `json:"inGrace,omitempty"`
	// Times are seconds since 1970.
	IssuedAt  int64 `json:"iat"`
	NotBefore int64 `json:"nbf"`
	Expires   int64 `json:"exp"`
}

// claims describes a granted lease. The token ends with the lease as it is now: a client
// that only sends heartbeats keeps its seat, and one that wants a fresh token acquires
// again. No lease ends later than its licence and the grace after it: Seats.Reserve
// enforces this.
func (s *Service) claims(g Grant) Claims {
	license, lease := g.License, g.Lease
	issued := lease.GrantedAt.Truncate(time.Second).Unix()
	return Claims{
		Issuer: s.issuer, Subject: license.ID, Audience: license.Product, ID: rand.Text(),
		Tenant: license.Tenant, Lease: lease.ID, Fingerprint: lease.Fingerprint,
		Seats: license.Seats, Kind: lease.Kind, Features: license.Features, InGrace: g.InGrace,
		IssuedAt: issued, NotBefore: issued, Expires: lease.ExpiresAt.Unix(),
	}
}
