package kms

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/coditect-ai/license-platform/app"
)

// Signer implements app.Signer with one key version.
type Signer struct {
	client  *Client
	version string
	keyID   string
}

var _ app.Signer = (*Signer)(nil)

// NewSigner returns a signer that uses the active key version.
func NewSigner(client *Client, version string) (*Signer, error) {
	id, err := KeyID(version)
	if err != nil {
		return nil, err
	}
	return &Signer{client: client, version: version, keyID: id}, nil
}

// Sign implements app.Signer.
func (s *Signer) Sign(ctx context.Context, claims app.Claims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the licence's claims: %w", err)
	}
	remote := &remoteKey{ctx: ctx, signer: s}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: remote}, (&jose.SignerOptions{}).WithType("license+jwt"))
	if err != nil {
		return "", fmt.Errorf("prepare the licence token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", app.Unavailable("signing key", err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("write the licence token: %w", err)
	}
	return token, nil
}

// remoteKey lets go-jose sign with a key that is elsewhere. It lives for one
// signature, whose context it carries.
type remoteKey struct {
	ctx    context.Context
	signer *Signer
}

var _ jose.OpaqueSigner = (*remoteKey)(nil)

// Public implements jose.OpaqueSigner; only the key's id is needed.
func (k *remoteKey) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{KeyID: k.signer.keyID, Algorithm: string(jose.RS512), Use: "sig"}
}

// Algs implements jose.OpaqueSigner.
func (k *remoteKey) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.RS512} }

// SignPayload implements jose.OpaqueSigner.
func (k *remoteKey) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	digest := sha512.Sum512(payload)
	return k.signer.client.sign(k.ctx, k.signer.version, digest[:])
}
