// Package kms signs licence tokens with a key that never leaves Cloud KMS
// (RSA_SIGN_PKCS1_4096_SHA512, which is RS512 in a JWS) and publishes its public
// halves as a JSON Web Key Set.
package kms

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"time"

	gkms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/coditect-ai/license-platform/app/googleapi"
)

// Observe is told of every call to KMS: which, how long, and whether it failed.
type Observe func(operation string, took time.Duration, err error)

// Client calls Cloud KMS.
type Client struct {
	client  *gkms.KeyManagementClient
	observe Observe
	// pause is how long the client waits before it tries again.
	pause gax.Backoff

	mu sync.Mutex
	// failed is why the last signature failed, nil when it did not, and failedAt is when.
	failed   error
	failedAt time.Time
}

// Open returns a client; the endpoint is Google's own when empty. It does not
// connect yet.
func Open(ctx context.Context, endpoint, ca string, observe Observe) (*Client, error) {
	options, err := googleapi.Options(endpoint, ca)
	if err != nil {
		return nil, err
	}
	client, err := gkms.NewKeyManagementClient(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud KMS: %w", err)
	}
	pause := gax.Backoff{Initial: 20 * time.Millisecond, Max: 200 * time.Millisecond, Multiplier: 3}
	return &Client{client: client, observe: observe, pause: pause}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.client.Close() }

// callOptions bound a call: at most two more attempts within three seconds, and only
// while KMS cannot be reached.
func (c *Client) callOptions() []gax.CallOption {
	return []gax.CallOption{
		gax.WithTimeout(3 * time.Second),
		gax.WithRetry(func() gax.Retryer {
			return &bounded{left: 2, inner: gax.OnCodes([]codes.Code{codes.Unavailable}, c.pause)}
		}),
	}
}

// bounded stops a retryer after some attempts.
type bounded struct {
	left  int
	inner gax.Retryer
}

// Retry implements gax.Retryer.
func (b *bounded) Retry(err error) (time.Duration, bool) {
	if b.left == 0 {
		return 0, false
	}
	b.left--
	return b.inner.Retry(err)
}

func checksum(data []byte) int64 {
	return int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

// sign has KMS sign a SHA-512 digest. Both directions are guarded by CRC32C, as
// Google asks (cloud.google.com/kms/docs/data-integrity-guidelines).
func (c *Client) sign(ctx context.Context, version string, digest []byte) (signature []byte, err error) {
	start := time.Now()
	defer func() {
		if err != nil && errors.Is(ctx.Err(), context.Canceled) {
			// Who asked for it has hung up, which says nothing about KMS.
			err = fmt.Errorf("sign with %s: %w", version, ctx.Err())
		} else {
			c.note(err)
		}
		c.observe("sign", time.Since(start), err)
	}()
	response, err := c.client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name:         version,
		Digest:       &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: digest}},
		DigestCrc32C: wrapperspb.Int64(checksum(digest)),
	}, c.callOptions()...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("sign with %s: %w", version, err)
	case !response.GetVerifiedDigestCrc32C():
		return nil, errors.New("the digest was damaged on its way to KMS: it did not verify its CRC32C")
	case response.GetName() != version:
		return nil, fmt.Errorf("KMS signed with %s instead of %s", response.GetName(), version)
	case response.GetSignatureCrc32C() == nil || response.GetSignatureCrc32C().GetValue() != checksum(response.GetSignature()):
		return nil, errors.New("the signature was damaged on its way from KMS: its CRC32C does not match")
	}
	return response.GetSignature(), nil
}

// signFailureShown is how long a signature that failed says that KMS does not sign: longer than clients take that
// try again.
const signFailureShown = 2 * time.Minute

func (c *Client) note(failed error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.failedAt = failed, time.Now()
}

// signing returns why the last signature failed, if it did lately.
func (c *Client) signing() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.failedAt) > signFailureShown {
		return nil
	}
	return c.failed
}

// publicKey returns the PEM of a version's public key.
func (c *Client) publicKey(ctx context.Context, version string) (pem string, err error) {
	start := time.Now()
	defer func() { c.observe("public_key", time.Since(start), err) }()
	response, err := c.client.GetPublicKey(ctx, &kmspb.GetPublicKeyRequest{Name: version}, c.callOptions()...)
	switch {
	case err != nil:
		return "", fmt.Errorf("get the public key of %s: %w", version, err)
	case response.GetName() != version:
		return "", fmt.Errorf("KMS returned the key %s instead of %s", response.GetName(), version)
	case response.GetPemCrc32C() == nil || response.GetPemCrc32C().GetValue() != checksum([]byte(response.GetPem())):
		return "", errors.New("the public key was damaged on its way from KMS: its CRC32C does not match")
	case response.GetAlgorithm() != kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512:
		return "", fmt.Errorf("%s has the algorithm %s; RS512 needs RSA_SIGN_PKCS1_4096_SHA512", version, response.GetAlgorithm())
	}
	return response.GetPem(), nil
}

// KeyID is the `kid` of a key version: the key's name and the version's number,
// the same in every process and for as long as the version exists.
func KeyID(version string) (string, error) {
	parts := strings.Split(version, "/")
	if len(parts) != 10 || parts[0] != "projects" || parts[2] != "locations" || parts[4] != "keyRings" ||
		parts[6] != "cryptoKeys" || parts[8] != "cryptoKeyVersions" || parts[7] == "" || parts[9] == "" {
		return "", fmt.Errorf("%q is not a key version's name: projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N", version)
	}
	return parts[7] + "." + parts[9], nil
}
