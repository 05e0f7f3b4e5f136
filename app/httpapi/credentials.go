package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// Credential is the form of a service credential for administrators.
type Credential struct {
	ID         string     `json:"id" doc:"Names the credential in the audit trail; not secret"`
	Name       string     `json:"name"`
	User       string     `json:"user" doc:"What stands for the user in its leases and the audit trail: credential: and its id, or that of the first one that it replaces"`
	Licenses   []string   `json:"licenses" nullable:"false" doc:"The licences that it is for"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty" doc:"Missing when it never ends by itself"`
	RevokedAt  *time.Time `json:"revokedAt,omitempty" doc:"Missing when it is not revoked"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty" doc:"Late by up to 5 minutes; missing when it was never used"`
}

func credentialOf(c app.Credential) Credential {
	return Credential{
		ID: c.ID, Name: c.Name, User: c.User(), Licenses: c.Licenses, CreatedAt: c.CreatedAt.UTC(),
		ExpiresAt: instant(c.ExpiresAt), RevokedAt: instant(c.RevokedAt), LastUsedAt: instant(c.LastUsedAt),
	}
}

// instant is a time that may be missing.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

type createCredentialInput struct {
	Body struct {
		Name      string     `json:"name" pattern:"^[A-Za-z0-9 ._-]{1,64}$" doc:"What uses it, and nobody's personal data. No two that are not revoked have the same" example:"build servers"`
		Licenses  []string   `json:"licenses" minItems:"1" maxItems:"50" nullable:"false" doc:"The ids of the licences that it is for" example:"[\"demo\"]"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"When it ends by itself; without, never"`
		Replaces  string     `json:"replaces,omitempty" pattern:"^[a-z2-7]{26}$" doc:"The id of a credential of the tenant, whose leases the new one keeps, renews and releases as its own. That one stays good until it is revoked or over"`
	}
}

type createCredentialOutput struct {
	Body struct {
		Credential
		Secret string `json:"secret" doc:"What programs send as bearer token. It is shown this once, and kept nowhere"`
	}
}

func (a *api) createCredential(ctx context.Context, who app.Principal, in *createCredentialInput) (*createCredentialOutput, error) {
	var expires time.Time
	set(&expires, in.Body.ExpiresAt)
	created, secret, err := a.service.CreateCredential(ctx, who, in.Body.Name, in.Body.Licenses, expires, in.Body.Replaces)
	if err != nil {
		return nil, err
	}
	out := &createCredentialOutput{}
	out.Body.Credential, out.Body.Secret = credentialOf(created), secret
	return out, nil
}

type credentialList list[Credential]

func (a *api) listCredentials(ctx context.Context, who app.Principal, in *ListInput) (*credentialList, error) {
	found, err := a.service.ListCredentials(ctx, who, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return (*credentialList)(listOf(found, in.Limit, credentialOf, func(c app.Credential) string { return c.ID })), nil
}

type credentialInput struct {
	Credential string `path:"credential_id" minLength:"1" maxLength:"63" doc:"The credential's id"`
}

type credentialOutput struct{ Body Credential }

func (a *api) revokeCredential(ctx context.Context, who app.Principal, in *credentialInput) (*credentialOutput, error) {
	revoked, err := a.service.RevokeCredential(ctx, who, in.Credential)
	return &credentialOutput{Body: credentialOf(revoked)}, err
}

func (a *api) registerCredentials() {
	register(a, operation{
		id: "create-credential", method: http.MethodPost, path: pathCredentials, tag: tagAdministration, status: http.StatusCreated,
		summary: "Make a service credential", description: "For programs without a person. Its secret is in this answer only. Administrators only.",
		codes: []app.Code{app.CodeForbidden, app.CodeLicenseNotFound, app.CodeCredentialNotFound, app.CodeCredentialExists, app.CodeCredentialLimit},
	}, a.createCredential)
	register(a, operation{
		id: "list-credentials", method: http.MethodGet, path: pathCredentials, tag: tagAdministration, status: http.StatusOK,
		summary: "The tenant's service credentials", description: "Without their secrets. Of those that are revoked or over, the latest 100. Administrators only.",
		codes: []app.Code{app.CodeForbidden},
	}, a.listCredentials)
	register(a, operation{
		id: "revoke-credential", method: http.MethodPost, path: pathCredentials + "/{credential_id}/revoke", tag: tagAdministration, status: http.StatusOK,
		summary: "Revoke a service credential for good", description: "Every instance refuses it within 10 seconds. Its leases end without heartbeats. Administrators only.",
		codes: []app.Code{app.CodeForbidden, app.CodeCredentialNotFound}, whenSuspended: true,
	}, a.revokeCredential)
}
