package identity

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenLifetime is the lifetime of Google's ID tokens.
const tokenLifetime = time.Hour

// Claims say whom a token is for.
type Claims struct {
	// Project is the audience, and the end of the issuer; needed.
	Project string
	// Tenant is a tenant's id or display name; empty makes a token without one.
	Tenant string
	// User is the subject; needed.
	User string
	// Email is optional.
	Email string
	// Role becomes the custom claim "role" when not empty.
	Role string
	// Groups become the custom claim "groups", a list, when there are any.
	Groups []string
	// TTL is how long the token is valid: 1 hour when zero, as Google's; a
	// negative one makes a token that ended that long ago.
	TTL time.Duration
	// Extra are further custom claims; none of the standard ones is allowed.
	Extra map[string]any
}

// Mint signs a token as Identity Platform does after a sign-in
// (https://cloud.google.com/identity-platform/docs/reference/claims). A tenant
// that is unknown or suspended is an error.
func (i *Issuer) Mint(c Claims) (string, error) {
	if c.Project == "" || c.User == "" {
		return "", errors.New("a token needs a project and a user")
	}
	claims, err := i.claims(c)
	if err != nil {
		return "", err
	}
	for name, value := range c.Extra {
		if _, standard := claims[name]; standard {
			return "", fmt.Errorf("the claim %q cannot be set as an extra one", name)
		}
		claims[name] = value
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: i.kid}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

func (i *Issuer) claims(c Claims) (map[string]any, error) {
	identities := map[string]any{}
	firebase := map[string]any{"sign_in_provider": "password", "identities": identities}
	if c.Tenant != "" {
		tenant, err := i.signInTenant(c.Project, c.Tenant)
		if err != nil {
			return nil, err
		}
		firebase["tenant"] = tenant.ID
	}
	issued, expires := lifetime(i.now(), c.TTL)
	claims := map[string]any{
		"iss":       "https://securetoken.google.com/" + c.Project,
		"aud":       c.Project,
		"auth_time": issued.Unix(),
		"iat":       issued.Unix(),
		"exp":       expires.Unix(),
		"sub":       c.User,
		"user_id":   c.User,
		"firebase":  firebase,
	}
	if c.Email != "" {
		identities["email"] = []string{c.Email}
		maps.Copy(claims, map[string]any{"email": c.Email, "email_verified": true})
	}
	if c.Role != "" {
		claims["role"] = c.Role
	}
	if len(c.Groups) > 0 {
		claims["groups"] = c.Groups
	}
	return claims, nil
}

// lifetime says when a token begins and ends; one that has ended began an hour
// before its end.
func lifetime(now time.Time, ttl time.Duration) (issued, expires time.Time) {
	switch {
	case ttl == 0:
		return now, now.Add(tokenLifetime)
	case ttl < 0:
		return now.Add(ttl - tokenLifetime), now.Add(ttl)
	default:
		return now, now.Add(ttl)
	}
}
