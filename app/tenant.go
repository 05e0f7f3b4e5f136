package app

import "slices"

// Status says whether a tenant or a licence may be used.
type Status string

// The states of a tenant or licence. A tenant is never StatusRevoked.
const (
	// StatusActive allows everything.
	StatusActive Status = "active"
	// StatusSuspended refuses new leases and heartbeats until it is active again.
	StatusSuspended Status = "suspended"
	// StatusTenantSuspended is never written to the ledger: a licence and its live state
	// have it while the tenant is suspended, so that heartbeats see it.
	StatusTenantSuspended Status = "tenant_suspended"
	// StatusRevoked is final for a licence: its leases are over.
	StatusRevoked Status = "revoked"
)

// Tenant is a customer: the Identity Platform tenant whose users share licences.
type Tenant struct {
	// ID is Identity Platform's tenant id, the claim `firebase.tenant` of its tokens.
	ID string
	// Name is shown to people.
	Name string
	// Status is StatusActive or StatusSuspended.
	Status Status
}

// TenantSuspended is the refusal for users of a suspended tenant.
func TenantSuspended() *Error {
	return NewError(CodeTenantSuspended, "the tenant is suspended")
}

// maxTenantID is the length of the longest id of a tenant.
const maxTenantID = 128

// ValidTenantID reports whether id can be a tenant's id, which is safe as a part of a Redis key: 1 to 128
// letters, digits, dots, underscores and hyphens, the first a letter or digit. It is asked with each request of a
// service credential, a made-up one too, for which an expression would have to be compiled each time.
func ValidTenantID(id string) bool {
	if id == "" || len(id) > maxTenantID {
		return false
	}
	for i, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// Principal is who calls: taken from a verified identity token or service credential, never
// from a body.
type Principal struct {
	// Tenant is the tenant's id.
	Tenant string
	// User is the token's subject, or stands for a service credential (OfCredential).
	User string
	// Email is the token's e-mail, empty when it has none.
	Email string
	// Groups are the values of the token's claim of groups.
	Groups []string
	// Admin is true when the token carries the administrator's role.
	Admin bool
	// Licenses are those that a service credential is for; nil means all of the tenant's.
	Licenses []string
	// Unchecked says that the ledger could not be asked whether a service credential is still
	// good: what the caller has is kept, and nothing is granted.
	Unchecked bool
	// Address is the caller's network address, for the audit trail.
	Address string
	// RequestID ties an audit event to the request's log lines.
	RequestID string
}

// May returns nil when the caller may use the licence at all, whether it exists or not.
func (p Principal) May(license string) error {
	if p.Licenses == nil || slices.Contains(p.Licenses, license) {
		return nil
	}
	return NewError(CodeNotForLicense, "the credential is not for this licence")
}
