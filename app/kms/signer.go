package kms

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/coditect-ai/license-platform/app"
)

// Signer implements app.Signer with one key version.
type Signer struct {
	client  *Client
	version string
	// header is the encoded header of every token.
	header string
}

var _ app.Signer = (*Signer)(nil)

// NewSigner returns a signer that uses the active key version.
func NewSigner(client *Client, version string) (*Signer, error) {
	id, err := KeyID(version)
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(map[string]string{"alg": string(jose.RS512), "kid": id, "typ": "license+jwt"})
	if err != nil {
		return nil, fmt.Errorf("encode the licence token's header: %w", err)
	}
	return &Signer{client: client, version: version, header: base64.RawURLEncoding.EncodeToString(header)}, nil
}

// Sign implements app.Signer: a JSON Web Signature in its compact form (RFC 7515, section 7.1),
// whose parts are put together here, because the key is elsewhere.
func (s *Signer) Sign(ctx context.Context, claims app.Claims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the licence's claims: %w", err)
	}
	token := base64.RawURLEncoding.AppendEncode([]byte(s.header+"."), payload)
	digest := sha512.Sum512(token)
	signature, err := s.client.sign(ctx, s.version, digest[:])
	if err != nil {
		return "", app.Unavailable("signing key", err)
	}
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature)), nil
}
