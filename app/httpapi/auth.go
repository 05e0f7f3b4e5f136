package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/credential"
)

// Authenticator tells who an identity token or a service credential speaks for, or
// CodeInvalidToken, CodeMissingTenant.
type Authenticator interface {
	Verify(ctx context.Context, token string) (app.Principal, error)
}

// authenticated lets only callers with a good identity token pass, except to the
// few addresses that are public.
func (a *api) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case pathHealth, pathReady, pathKeys, pathOpenAPI:
			next.ServeHTTP(w, r)
			return
		}
		if _, err := a.identify(r); err != nil {
			writeProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// identify notes who the request's identity token or service credential speaks for.
func (a *api) identify(r *http.Request) (*request, error) {
	token, err := bearer(r.Header)
	if err != nil {
		return nil, err
	}
	record := requestOf(r.Context())
	authenticator, ctx := a.config.Authenticator, r.Context()
	if credential.Is(token) {
		authenticator, ctx = a.config.Credentials, credential.From(ctx, record.address)
	}
	who, err := authenticator.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	who.Address, who.RequestID = record.address, record.id
	record.who = who
	return record, nil
}

// bearer reads the token out of the Authorization header.
func bearer(header http.Header) (string, error) {
	values := header.Values("Authorization")
	if len(values) == 0 || values[0] == "" {
		return "", app.NewError(app.CodeMissingAuth, "send an identity token or a service credential: Authorization: Bearer TOKEN")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(values) > 1:
		return "", app.NewError(app.CodeInvalidToken, "there is more than one Authorization header")
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return "", app.NewError(app.CodeMissingAuth, "send an identity token or a service credential: Authorization: Bearer TOKEN")
	}
	return token, nil
}
