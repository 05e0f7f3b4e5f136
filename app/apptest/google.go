package apptest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"hash/crc32"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/googlename"
)

// signingKey is the name of the stand-in's key.
const signingKey = "projects/coditect-cloud-infra/locations/us-central1/keyRings/licensing/cryptoKeys/license-signing"

// KeyVersion is the name of the key version that the stand-in for Cloud KMS has at
// first.
const KeyVersion = signingKey + "/cryptoKeyVersions/1"

// Project is the Google Cloud project of the tests.
const Project = "coditect-cloud-infra"

// Google stands in for Cloud KMS and Secret Manager (gRPC) and for Identity
// Platform's key set (HTTPS).
type Google struct {
	kmspb.UnimplementedKeyManagementServiceServer
	secretmanagerpb.UnimplementedSecretManagerServiceServer

	// Endpoint is host:port of the gRPC services.
	Endpoint string
	// KeysURL serves the identity tokens' key set.
	KeysURL string
	CA      string
	// Refuse makes KMS answer Unavailable.
	Refuse atomic.Bool
	// Corrupt makes KMS send signatures that do not match their checksum.
	Corrupt atomic.Bool
	// Waiting counts the signatures that Hold keeps.
	Waiting atomic.Int64
	// Signatures counts what KMS signed.
	Signatures atomic.Int64

	authority authority
	identity  *rsa.PrivateKey
	// keys is host:port of KeysURL.
	keys string
	// metadata gave the access tokens of callers, nil when those of InPod will do.
	metadata atomic.Pointer[metadata]
	// held is closed when signatures may go on.
	held atomic.Pointer[chan struct{}]
	// damage changes answers on their way, nil when none is.
	damage atomic.Pointer[func(answer any)]

	mu sync.RWMutex
	// versions are the key versions by name, and states those that are not enabled.
	versions map[string]*rsa.PrivateKey
	states   map[string]kmspb.CryptoKeyVersion_CryptoKeyVersionState
}

// Making a key takes up to seconds, so all stand-ins of a process share their first ones.
var (
	identityKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	firstKey    = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 4096) })
)

// StartGoogle starts the stand-ins and stops them at the test's end.
func StartGoogle(tb testing.TB) *Google {
	tb.Helper()
	authority := newAuthority(tb, tb.TempDir(), googlename.Serve()...)
	identity, err := identityKey()
	require.NoError(tb, err)
	first, err := firstKey()
	require.NoError(tb, err)
	g := &Google{CA: authority.CA, authority: authority, identity: identity, versions: map[string]*rsa.PrivateKey{KeyVersion: first}, states: map[string]kmspb.CryptoKeyVersion_CryptoKeyVersionState{}}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&authority.pair)), grpc.ChainUnaryInterceptor(g.authorize, g.damaged))
	kmspb.RegisterKeyManagementServiceServer(server, g)
	secretmanagerpb.RegisterSecretManagerServiceServer(server, g)
	served := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) { // the test ended before this began
			err = nil
		}
		served <- err
	}()
	tb.Cleanup(func() {
		server.Stop()
		require.NoError(tb, await.Receive(tb, served))
	})
	g.Endpoint = listener.Addr().String()

	keys := httptest.NewUnstartedServer(http.HandlerFunc(g.identityKeys))
	keys.TLS = &tls.Config{Certificates: []tls.Certificate{authority.pair}, MinVersion: tls.VersionTLS12}
	keys.StartTLS()
	tb.Cleanup(keys.Close)
	g.KeysURL, g.keys = keys.URL+"/keys", keys.Listener.Addr().String()
	return g
}

func (g *Google) identityKeys(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: g.identity.Public(), KeyID: "identity", Algorithm: "RS256", Use: "sig"}}})
}

// Claims returns the claims of a good token of a tenant's user.
func Claims(tenant, user string) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": "https://securetoken.google.com/" + Project, "aud": Project, "sub": user, "user_id": user,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Add(-time.Minute).Unix(),
		"email": user + "@example.com", "firebase": map[string]any{"tenant": tenant, "sign_in_provider": "password"},
	}
}

// Mint signs claims as Identity Platform does.
func (g *Google) Mint(tb testing.TB, claims map[string]any) string {
	tb.Helper()
	return g.MintWith(tb, "identity", claims)
}

// MintWith is Mint with another name of the key in the header, "" for none.
func (g *Google) MintWith(tb testing.TB, kid string, claims map[string]any) string {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: g.identity, KeyID: kid}}, nil)
	require.NoError(tb, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(tb, err)
	return token
}

// AddVersion makes one more version of the key and returns its name.
func (g *Google) AddVersion(tb testing.TB) string {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	require.NoError(tb, err)
	g.mu.Lock()
	defer g.mu.Unlock()
	name := signingKey + "/cryptoKeyVersions/" + strconv.Itoa(len(g.versions)+1)
	g.versions[name] = key
	return name
}

// Disable makes a key version answer as Cloud KMS does when it is disabled.
func (g *Google) Disable(version string) {
	g.SetState(version, kmspb.CryptoKeyVersion_DISABLED)
}

// SetState puts a key version into a state, in which it answers as Cloud KMS does.
func (g *Google) SetState(version string, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.states[version] = state
}

// key returns the version's key, or the error that Cloud KMS answers with.
func (g *Google) key(version string) (*rsa.PrivateKey, error) {
	if g.Refuse.Load() {
		return nil, status.Error(codes.Unavailable, "refused by the test")
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	key, ok := g.versions[version]
	state, changed := g.states[version]
	switch {
	case !ok:
		return nil, status.Errorf(codes.NotFound, "CryptoKeyVersion %s not found.", version)
	case changed && state != kmspb.CryptoKeyVersion_ENABLED:
		return nil, status.Errorf(codes.FailedPrecondition, "%s is not enabled, current state is: %s.", version, state)
	}
	return key, nil
}

func checksum(data []byte) int64 {
	return int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

// Hold keeps signatures waiting until the returned function is called.
func (g *Google) Hold() (release func()) {
	held := make(chan struct{})
	g.held.Store(&held)
	return func() {
		g.held.Store(nil)
		close(held)
	}
}

// Damage has every answer of KMS and Secret Manager changed; nil ends that.
func (g *Google) Damage(change func(answer any)) {
	if change == nil {
		g.damage.Store(nil)
		return
	}
	g.damage.Store(&change)
}

func (g *Google) damaged(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, request)
	if change := g.damage.Load(); change != nil && err == nil {
		(*change)(answer)
	}
	return answer, err
}

// wait returns when nothing holds the signature, or its caller gave up.
func (g *Google) wait(ctx context.Context) {
	if held := g.held.Load(); held != nil {
		g.Waiting.Add(1)
		defer g.Waiting.Add(-1)
		select {
		case <-*held:
		case <-ctx.Done():
		}
	}
}

// AsymmetricSign implements the KMS service.
func (g *Google) AsymmetricSign(ctx context.Context, r *kmspb.AsymmetricSignRequest) (*kmspb.AsymmetricSignResponse, error) {
	key, err := g.key(r.GetName())
	if err != nil {
		return nil, err
	}
	g.wait(ctx)
	digest := r.GetDigest().GetSha512()
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, digest)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	sum := checksum(signature)
	if g.Corrupt.Load() {
		signature[0] ^= 1
	}
	g.Signatures.Add(1)
	return &kmspb.AsymmetricSignResponse{
		Name: r.GetName(), Signature: signature, SignatureCrc32C: wrapperspb.Int64(sum),
		VerifiedDigestCrc32C: r.GetDigestCrc32C().GetValue() == checksum(digest), ProtectionLevel: kmspb.ProtectionLevel_SOFTWARE,
	}, nil
}

// GetPublicKey implements the KMS service.
func (g *Google) GetPublicKey(_ context.Context, r *kmspb.GetPublicKeyRequest) (*kmspb.PublicKey, error) {
	key, err := g.key(r.GetName())
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return &kmspb.PublicKey{Name: r.GetName(), Pem: text, PemCrc32C: wrapperspb.Int64(checksum([]byte(text))), Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512}, nil
}

// AccessSecretVersion implements Secret Manager: every secret is Password.
func (g *Google) AccessSecretVersion(_ context.Context, r *secretmanagerpb.AccessSecretVersionRequest) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	sum := checksum([]byte(Password))
	return &secretmanagerpb.AccessSecretVersionResponse{Name: r.GetName(), Payload: &secretmanagerpb.SecretPayload{Data: []byte(Password), DataCrc32C: &sum}}, nil
}
