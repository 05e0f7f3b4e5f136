package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of a tenant's service credentials.
const (
	// MaxCredentials is how many a tenant may have that are neither revoked nor over.
	MaxCredentials = 100
	// MaxEndedCredentials is how many that are revoked or over stay listed, the latest.
	MaxEndedCredentials = 100
	// MaxCredentialLicenses is how many licences one may be for.
	MaxCredentialLicenses = 50
)

// Credential lets programs use licences of a tenant without a person: on servers and in
// continuous integration. It is never an administrator's.
type Credential struct {
	Tenant string
	// ID is not secret: logs and the audit trail may name it.
	ID string
	// Name is the administrator's own, and no person's.
	Name string
	// Replaces is the id of the credential whose leases a new one goes on with, "" for none.
	Replaces string
	// Holder is the id that its leases and the audit trail have: its own, or the id of the
	// first credential in a chain of replacements.
	Holder string
	// Licenses are the ids of the licences that it is for.
	Licenses []string
	// Digest is the SHA-256 of the secret's whole text. The secret has 256 random bits, so
	// nobody finds it by trying, however fast the hash is. bcrypt and its like make weak
	// passwords expensive to try; here they would only make each request expensive.
	Digest    [sha256.Size]byte
	CreatedAt time.Time
	// ExpiresAt is when it ends; the zero time means never.
	ExpiresAt time.Time
	// RevokedAt is zero until an administrator revokes it.
	RevokedAt time.Time
	// LastUsedAt is late by up to the time between two notes of it; zero means never.
	LastUsedAt time.Time
}

// Good says whether the credential may be used at the time now.
func (c Credential) Good(now time.Time) bool {
	return c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// Principal is who calls with the credential.
func (c Credential) Principal() Principal {
	return Principal{Tenant: c.Tenant, User: c.User(), Licenses: c.Licenses}
}

// User is the user name of requests with the credential.
func (c Credential) User() string { return credentialUser + cmp.Or(c.Holder, c.ID) }

// credentialUser is the prefix of the user name of a credential.
const credentialUser = "credential:"

// OfCredential reports whether a user is a service credential.
func OfCredential(user string) bool { return strings.HasPrefix(user, credentialUser) }

// A secret's text: CredentialPrefix, by which scanners for secrets find it, the tenant, the
// credential's id, and the secret itself, with an underscore between each.
const (
	CredentialPrefix = "license_credential_"
	credentialID     = 26
	// credentialSecret are 52 characters of 5 random bits each.
	credentialSecret = 52
)

// newCredentialText returns a fresh secret of the credential.
func newCredentialText(tenant, id string) string {
	return CredentialPrefix + tenant + "_" + id + "_" + strings.ToLower(rand.Text()+rand.Text())
}

// ParseCredential reads the tenant and the id in a secret's text; ok is false when the text does not
// have a secret's form. Only the digest tells whether the secret is right.
func ParseCredential(text string) (tenant, id string, ok bool) {
	rest, found := strings.CutPrefix(text, CredentialPrefix)
	if !found || len(rest) < credentialID+credentialSecret+2 {
		return "", "", false
	}
	rest, secret := rest[:len(rest)-credentialSecret-1], rest[len(rest)-credentialSecret-1:]
	tenant, id = rest[:len(rest)-credentialID-1], rest[len(rest)-credentialID-1:]
	if secret[0] != '_' || id[0] != '_' || !base32Text(secret[1:]) || !validCredentialID(id[1:]) || !ValidTenantID(tenant) {
		return "", "", false
	}
	return tenant, id[1:], true
}

func validCredentialID(id string) bool { return len(id) == credentialID && base32Text(id) }

// validCredentialName accepts what every list and shell shows as it was written.
func validCredentialName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune(" ._-", c)
	})
}

// base32Text accepts lower-case letters and the digits 2 to 7.
func base32Text(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// Credentials keeps the tenants' service credentials.
type Credentials interface {
	// CreateCredential writes a new one, and forgets the oldest that are over beyond
	// MaxEndedCredentials. Codes: CodeCredentialExists when one that is not revoked has
	// the name, CodeCredentialLimit when there are MaxCredentials that may be used,
	// CodeLicenseNotFound, CodeCredentialNotFound when there is none that it could replace.
	CreateCredential(ctx context.Context, credential Credential, event Event) (Credential, error)
	// Credential returns a credential, or CodeCredentialNotFound; also for a suspended
	// tenant.
	Credential(ctx context.Context, tenant, id string) (Credential, error)
	// ListCredentials lists in the order of ids, those after the id `after`.
	ListCredentials(ctx context.Context, tenant, after string, limit int) ([]Credential, error)
	// RevokeCredential revokes a credential for good, also for a suspended tenant, and
	// records it the first time.
	RevokeCredential(ctx context.Context, tenant, id string, event Event) (Credential, error)
	// CredentialUsed notes that it was used now, unless that was noted within `every`.
	CredentialUsed(ctx context.Context, tenant, id string, every time.Duration) error
}

// CreateCredential makes a service credential of the caller's tenant for licences that exist,
// with an end or (the zero time) without. It returns the secret too, which nobody can see again.
// A credential that replaces another one (its id, "" for none) may renew and release the leases
// of that one, so that a secret can be changed while seats are held. The other one stays valid
// until it is revoked or expires. Administrators only.
func (s *Service) CreateCredential(ctx context.Context, who Principal, name string, licenses []string, expires time.Time, replaces string) (Credential, string, error) {
	if !who.Admin {
		return Credential{}, "", forbidden()
	}
	licenses = slices.Compact(slices.Sorted(slices.Values(licenses)))
	if err := s.checkCredential(name, licenses, expires); err != nil {
		return Credential{}, "", err
	}
	if replaces != "" && !validCredentialID(replaces) {
		return Credential{}, "", CredentialNotFound()
	}
	c := Credential{Tenant: who.Tenant, ID: strings.ToLower(rand.Text()), Name: name, Licenses: licenses, ExpiresAt: expires, Replaces: replaces}
	secret := newCredentialText(c.Tenant, c.ID)
	c.Digest = sha256.Sum256([]byte(secret))
	event := who.event(ActionCreateCredential, "", "")
	event.Detail = "credential " + c.ID + ", licences " + strings.Join(licenses, " ") + ", expiresAt " + expiry(expires)
	if replaces != "" {
		event.Detail += ", replaces " + replaces
	}
	created, err := s.ledger.CreateCredential(ctx, c, event)
	return created, secret, err
}

func (s *Service) checkCredential(name string, licenses []string, expires time.Time) error {
	var fields []FieldError
	add := func(ok bool, field, why string) {
		if !ok {
			fields = append(fields, FieldError{Field: "body." + field, Message: why})
		}
	}
	add(validCredentialName(name), "name", "must be 1 to 64 letters, digits, spaces, dots, underscores and hyphens")
	add(len(licenses) >= 1 && len(licenses) <= MaxCredentialLicenses, "licenses", fmt.Sprintf("must be 1 to %d licences", MaxCredentialLicenses))
	add(!slices.ContainsFunc(licenses, func(id string) bool { return !validLicenseID(id) }), "licenses", "must be ids of licences")
	add(expires.IsZero() || s.now().Before(expires) && expires.UTC().Year() <= 9999, "expiresAt", "must be in the future, in a year up to 9999")
	if len(fields) > 0 {
		return &Error{Code: CodeValidation, Detail: "the credential is not valid", Fields: fields}
	}
	return nil
}

// ListCredentials lists the tenant's service credentials after the id `after`, without
// their secrets, which nobody has. Administrators only.
func (s *Service) ListCredentials(ctx context.Context, who Principal, after string, limit int) ([]Credential, error) {
	if !who.Admin {
		return nil, forbidden()
	}
	if after != "" && !validCredentialID(after) {
		return nil, badCursor("query.cursor")
	}
	return s.ledger.ListCredentials(ctx, who.Tenant, after, limit)
}

// RevokeCredential revokes a credential of the caller's tenant for good, also for a
// suspended tenant. Its leases end without heartbeats. Administrators only.
func (s *Service) RevokeCredential(ctx context.Context, who Principal, id string) (Credential, error) {
	if !who.Admin {
		return Credential{}, forbidden()
	}
	if !validCredentialID(id) {
		return Credential{}, CredentialNotFound()
	}
	event := who.event(ActionRevokeCredential, "", "")
	event.Detail = "credential " + id
	return s.ledger.RevokeCredential(ctx, who.Tenant, id, event)
}

// CredentialNotFound says that the tenant has no such credential.
func CredentialNotFound() *Error {
	return NewError(CodeCredentialNotFound, "the tenant has no such credential")
}
