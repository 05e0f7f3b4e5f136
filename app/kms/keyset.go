package kms

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/app"
)

// refresh is how old the published set may become before it is read again. Public
// keys never change; a version that was destroyed has to disappear.
const refresh = time.Hour

// KeySet is the published JSON Web Key Set: the public keys of all versions whose
// tokens are still good. While KMS is away the last set is served.
type KeySet struct {
	client   *Client
	versions []string

	mu      sync.Mutex
	content []byte
	read    time.Time
}

// NewKeySet returns the set of the given key versions.
func NewKeySet(client *Client, versions []string) *KeySet {
	return &KeySet{client: client, versions: versions}
}

// JSON returns the set as a JSON document.
func (k *KeySet) JSON(ctx context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.content != nil && time.Since(k.read) < refresh {
		return k.content, nil
	}
	content, err := k.fetch(ctx)
	if err != nil {
		if k.content != nil {
			// Ask again in a minute rather than with every request.
			k.read = time.Now().Add(time.Minute - refresh)
			return k.content, nil
		}
		return nil, app.Unavailable("signing key", err)
	}
	k.content, k.read = content, time.Now()
	return content, nil
}

func (k *KeySet) fetch(ctx context.Context) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(k.versions))}
	for _, version := range k.versions {
		id, err := KeyID(version)
		if err != nil {
			return nil, err
		}
		text, err := k.client.publicKey(ctx, version)
		if status.Code(err) == codes.FailedPrecondition {
			// It was disabled or destroyed before the settings say so: its tokens are no
			// longer good, and those of the other versions must stay so.
			continue
		}
		if err != nil {
			return nil, err
		}
		public, err := parsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("public key of %s: %w", version, err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: public, KeyID: id, Algorithm: string(jose.RS512), Use: "sig"})
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("none of the key versions in KMS_KEY_VERSIONS is enabled")
	}
	content, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode the key set: %w", err)
	}
	return content, nil
}

func parsePublicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is not a public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is a %T, not an RSA key", key)
	}
	return public, nil
}
