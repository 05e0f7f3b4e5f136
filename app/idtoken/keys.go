package idtoken

import (
	"context"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/coditect-ai/license-platform/app"
)

// unreachable is where a verification notes that the key set could not be fetched.
type unreachable struct{ cause error }

type unreachableKey struct{}

// keySet tells a token that is wrong from keys that are away: the verifier turns
// both into text.
type keySet struct{ oidc.KeySet }

// VerifySignature implements oidc.KeySet.
func (k keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if notFetched(err) {
		if note, ok := ctx.Value(unreachableKey{}).(*unreachable); ok {
			note.cause = err
		}
	}
	return payload, err //nolint:wrapcheck // the verifier adds its context
}

// verify checks the token's signature and standard claims. While the issuer's keys cannot be
// fetched, the error is Unavailable, because the token may well be good.
func (v *Verifier) verify(ctx context.Context, token string) (*oidc.IDToken, error) {
	note := &unreachable{}
	verified, err := v.verifier.Verify(context.WithValue(ctx, unreachableKey{}, note), token)
	if note.cause != nil {
		return nil, app.Unavailable("issuer's public keys", fmt.Errorf("verify an identity token: %w", note.cause))
	}
	if err != nil {
		return nil, invalid(err)
	}
	return verified, nil
}
