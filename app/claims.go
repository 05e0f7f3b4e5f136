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
	// Times are seconds since 1970.
	IssuedAt  int64 `json:"iat"`
	NotBefore int64 `json:"nbf"`
	Expires   int64 `json:"exp"`
}

// claims describes a granted lease. The token ends with the lease as it is now:
// a client that only sends heartbeats keeps its seat, and one that wants a fresh
// token acquires again. No lease outlives its licence: Seats.Reserve sees to that.
func (s *Service) claims(license License, lease Lease) Claims {
	issued := lease.GrantedAt.Truncate(time.Second).Unix()
	return Claims{
		Issuer: s.issuer, Subject: license.ID, Audience: license.Product, ID: rand.Text(),
		Tenant: license.Tenant, Lease: lease.ID, Fingerprint: lease.Fingerprint,
		Seats: license.Seats, Kind: lease.Kind,
		IssuedAt: issued, NotBefore: issued, Expires: lease.ExpiresAt.Unix(),
	}
}
