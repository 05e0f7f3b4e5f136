// Package identity is Identity Platform on this machine: tenants, and ID tokens
// of the real shape with the keys that verify them.
package identity

import (
	"errors"
	"net/http"
	"time"
)

// KeysPath is where the handler serves the JWKS, the path of Google's own.
const KeysPath = "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"

// Tenant is an Identity Platform tenant.
type Tenant struct {
	// Project is the Google Cloud project id.
	Project string `json:"project"`
	// ID is what tokens carry, for example "demo-x1y2z".
	ID string `json:"id"`
	// DisplayName is the declared name.
	DisplayName string `json:"displayName"`
	// Suspended refuses sign-in (the API's disableAuth).
	Suspended bool `json:"suspended"`
}

// Claims say whom a token is for.
type Claims struct {
	// Project is the audience, and the end of the issuer.
	Project string
	// Tenant is a tenant's id or display name; empty makes a token without one.
	Tenant string
	// User is the subject; needed.
	User string
	// Email is optional.
	Email string
	// Role becomes the custom claim "role" when not empty.
	Role string
	// TTL is how long the token is valid: 1 hour when zero, as Google's; a
	// negative one makes a token that has expired.
	TTL time.Duration
	// Extra are further custom claims; they cannot replace the ones above.
	Extra map[string]any
}

// Issuer is safe for concurrent use, and its folder can be read by several
// processes at once.
type Issuer struct{}

var errNotBuilt = errors.New("not built yet")

// Open reads the signing key (RSA-2048, 0600) and tenants kept in dir, or makes
// a key when there is none.
func Open(dir string) (*Issuer, error) { return nil, errNotBuilt }

// Handler serves the public keys at KeysPath, with the cache header that
// Google sends.
func (i *Issuer) Handler() http.Handler { return nil }

// TenantID is the id that a tenant of this name gets: the name, shortened to
// what the API takes, and five characters that depend on project and name only.
func TenantID(project, displayName string) string { return "" }

// PutTenant creates the tenant, or changes its suspension; an empty ID is
// filled in by TenantID.
func (i *Issuer) PutTenant(t Tenant) (Tenant, error) { return Tenant{}, errNotBuilt }

// DeleteTenant removes a tenant; what does not exist is no error.
func (i *Issuer) DeleteTenant(project, id string) error { return errNotBuilt }

// Tenants lists the tenants by id.
func (i *Issuer) Tenants() []Tenant { return nil }

// Mint signs a token. A tenant that is unknown or suspended is an error.
func (i *Issuer) Mint(c Claims) (string, error) { return "", errNotBuilt }
