package idtoken

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/coditect-ai/license-platform/app"
)

// skew is how far the issuer's clock may be ahead of ours.
const skew = time.Minute

// maxSubject is the longest subject that Firebase issues, in bytes.
const maxSubject = 128

// principal reads the claims of a token whose signature, issuer, audience and
// expiry are good.
func (v *Verifier) principal(token *oidc.IDToken) (app.Principal, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return app.Principal{}, invalid(err)
	}
	now := v.options.Now().Add(skew)
	signedIn, ok := claims["auth_time"].(float64)
	_, ends := claims["exp"].(float64)
	_, issued := claims["iat"].(float64)
	switch {
	case !ends || !issued:
		return app.Principal{}, invalid(errors.New("exp or iat is not a number"))
	case token.Subject == "" || len(token.Subject) > maxSubject || !app.PlainText(token.Subject):
		// An administrator has to be able to name everybody whose data is kept.
		return app.Principal{}, invalid(errors.New("the subject is empty, longer than 128 bytes, or has control characters"))
	case app.OfCredential(token.Subject):
		return app.Principal{}, invalid(errors.New("the subject has the form of a service credential's user"))
	case token.IssuedAt.IsZero() || token.IssuedAt.After(now):
		return app.Principal{}, invalid(errors.New("iat is missing or in the future"))
	case !ok || signedIn <= 0 || time.Unix(int64(signedIn), 0).After(now):
		return app.Principal{}, invalid(errors.New("auth_time is missing or in the future"))
	}
	tenant := claimAt(claims, v.options.TenantClaim)
	if tenant == "" {
		return app.Principal{}, app.NewError(app.CodeMissingTenant, "the identity token names no tenant")
	}
	if !app.ValidTenantID(tenant) {
		return app.Principal{}, app.NewError(app.CodeUnknownTenant, "the token's tenant is not known here")
	}
	email, _ := claims["email"].(string)
	if !app.PlainText(email) {
		email = ""
	}
	role, _ := claims["role"].(string)
	return app.Principal{
		Tenant: tenant, User: token.Subject, Email: email, Groups: groupsAt(claims, v.options.GroupsClaim),
		Admin: v.options.AdminRole != "" && role == v.options.AdminRole,
	}, nil
}

// claimAt returns the text at a dotted path, "" when there is none.
func claimAt(claims map[string]any, path string) string {
	text, _ := valueAt(claims, path).(string)
	return text
}

// valueAt returns what is at a dotted path. A custom claim may have a dot in its own name, but
// does not stand before one of the issuer's.
func valueAt(claims map[string]any, path string) any {
	if head, rest, found := strings.Cut(path, "."); found {
		if inner, nested := claims[head].(map[string]any); nested {
			return valueAt(inner, rest)
		}
		if head == "firebase" {
			return nil
		}
	}
	return claims[path]
}

// Bounds of the groups of a user: more, or longer ones, are left out.
const (
	maxGroups = 64
	maxGroup  = 128
)

// groupsAt returns the groups at a dotted path: a text, or a list of them.
func groupsAt(claims map[string]any, path string) []string {
	var groups []string
	values, listed := valueAt(claims, path).([]any)
	if !listed {
		values = []any{valueAt(claims, path)}
	}
	for _, value := range values {
		group, text := value.(string)
		if text && group != "" && len(group) <= maxGroup && app.PlainText(group) && len(groups) < maxGroups {
			groups = append(groups, group)
		}
	}
	return groups
}

// notCompact says that a character does not occur in tokens (RFC 7515, sections 2 and 7.1). go-jose
// leaves space out, so that one token would be many to the memory.
func notCompact(c rune) bool {
	letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	return !letter && c != '-' && c != '_' && c != '.'
}

// namesKey says whether the token's header has a kid. Without one, oidc tries every key;
// Google's rules ask for a kid of its key set
// (cloud.google.com/identity-platform/docs/verify-id-tokens).
func namesKey(token string) bool {
	encoded, _, _ := strings.Cut(token, ".")
	content, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	return json.Unmarshal(content, &header) == nil && header.KeyID != ""
}
