package kms

import (
	"cmp"
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
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/app"
)

// How old the published set may become before it is read again. Public keys never change; a
// version that was destroyed has to disappear. A set that lacks a version is asked about each
// minute, and nobody is to keep it for longer: a new version is being generated at first
// (PENDING_GENERATION), and a disabled one may be enabled again, and may then sign at once
// (cloud.google.com/kms/docs/key-states).
const (
	refresh      = time.Hour
	refreshSmall = time.Minute
)

// KeySet is the published JSON Web Key Set: the public keys of all versions whose
// tokens are still good. While KMS is away the last set is served.
type KeySet struct {
	client   *Client
	versions []string

	// reading lets one read of the set at a time ask KMS.
	reading singleflight.Group

	mu      sync.Mutex
	content []byte
	// good is how long the content may be kept after it was read.
	good time.Duration
	read time.Time
	// failed is why it could not be read the last time, nil when it could.
	failed error
}

// NewKeySet returns the set of the given key versions.
func NewKeySet(client *Client, versions []string) *KeySet {
	return &KeySet{client: client, versions: versions}
}

// JSON returns the set as a JSON document, and how long a client may keep it: an hour, or a
// minute while a version is missing in it. An old set is returned at once, for a minute, and read anew
// beside that: however slow KMS is, who verifies a token does not wait for it. Only the first set is
// waited for.
func (k *KeySet) JSON(ctx context.Context) (content []byte, good time.Duration, err error) {
	content, good, fresh := k.known()
	if fresh {
		return content, good, nil
	}
	// The set is everybody's, so a client that hangs up does not keep it old. Each call is bounded.
	read := k.reading.DoChan("", func() (any, error) { return nil, k.refresh(context.WithoutCancel(ctx)) })
	if content != nil {
		return content, refreshSmall, nil
	}
	select {
	case result := <-read:
		if result.Err != nil {
			return nil, 0, app.Unavailable("signing key", result.Err)
		}
	case <-ctx.Done():
		return nil, 0, app.Unavailable("signing key", ctx.Err())
	}
	content, good, _ = k.known()
	return content, good, nil
}

// Check returns nil when KMS answered the last time: with the set, which is read when it has to be, and
// with the last signature. The former set is still served.
func (k *KeySet) Check(ctx context.Context) error {
	if _, _, err := k.JSON(ctx); err != nil {
		return err
	}
	k.mu.Lock()
	failed := k.failed
	k.mu.Unlock()
	if err := cmp.Or(k.client.signing(), failed); err != nil {
		return app.Unavailable("signing key", err)
	}
	return nil
}

// known returns the set as it was read last, nil when it never was, and whether it may be kept.
func (k *KeySet) known() (content []byte, good time.Duration, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.content, k.good, k.content != nil && time.Since(k.read) < k.good
}

// refresh reads the set again. If that fails, the known set stays.
func (k *KeySet) refresh(ctx context.Context) error {
	content, whole, err := k.fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	// A set that lacks a version is asked about each minute, and so is KMS when it does not answer, rather
	// than with every request.
	k.read, k.good, k.failed = time.Now(), refreshSmall, err
	switch {
	case err != nil:
		return err
	case whole:
		k.good = refresh
	}
	k.content = content
	return nil
}

// fetch reads the set, and says whether all versions are in it.
func (k *KeySet) fetch(ctx context.Context) (content []byte, whole bool, err error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(k.versions))}
	for _, version := range k.versions {
		id, err := KeyID(version)
		if err != nil {
			return nil, false, err
		}
		text, err := k.client.publicKey(ctx, version)
		if status.Code(err) == codes.FailedPrecondition {
			// It is not generated yet, so it has not signed, or it was disabled or destroyed
			// before the settings say so: its tokens are no longer good, and those of the
			// other versions must stay so.
			continue
		}
		if err != nil {
			return nil, false, err
		}
		public, err := parsePublicKey(text)
		if err != nil {
			return nil, false, fmt.Errorf("public key of %s: %w", version, err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: public, KeyID: id, Algorithm: string(jose.RS512), Use: "sig"})
	}
	if len(set.Keys) == 0 {
		return nil, false, errors.New("none of the key versions in KMS_KEY_VERSIONS is enabled")
	}
	content, err = json.Marshal(set)
	if err != nil {
		return nil, false, fmt.Errorf("encode the key set: %w", err)
	}
	return content, len(set.Keys) == len(k.versions), nil
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
