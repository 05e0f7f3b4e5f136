package idtoken

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestOnlyTheIssuersKeyAndAlgorithmMakeAGoodToken(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	v, err := New(context.Background(), options(g))
	require.NoError(t, err)
	good := g.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	_, err = v.Verify(t.Context(), good)
	require.NoError(t, err)
	parsed, err := jose.ParseSignedCompact(good, []jose.SignatureAlgorithm{jose.RS256})
	require.NoError(t, err)
	kid := parsed.Signatures[0].Header.KeyID

	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(foreign.Public())
	require.NoError(t, err)
	claims, err := json.Marshal(apptest.Claims("demo-1a2b", "ada"))
	require.NoError(t, err)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
	sign := func(algorithm jose.SignatureAlgorithm, key any, kid string, embed bool) string {
		t.Helper()
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, &jose.SignerOptions{EmbedJWK: embed})
		require.NoError(t, err)
		token, err := jwt.Signed(signer).Claims(apptest.Claims("demo-1a2b", "ada")).Serialize()
		require.NoError(t, err)
		return token
	}
	withoutName := g.MintWith(t, "", apptest.Claims("demo-1a2b", "ada"))
	for name, token := range map[string]string{
		"no signature":                          none,
		"a MAC by a secret":                     sign(jose.HS256, []byte("0123456789abcdef0123456789abcdef"), kid, false),
		"a MAC by a public key":                 sign(jose.HS256, public, kid, false),
		"another hash":                          sign(jose.RS512, foreign, kid, false),
		"another padding":                       sign(jose.PS256, foreign, kid, false),
		"a foreign key under the issuer's name": sign(jose.RS256, foreign, kid, false),
		"a foreign key under its own":           sign(jose.RS256, foreign, "foreign", false),
		"a foreign key without a name":          sign(jose.RS256, foreign, "", false),
		"the issuer's key without its name":     withoutName,
		"a foreign key that it brings along":    sign(jose.RS256, foreign, kid, true),
	} {
		_, err := v.Verify(t.Context(), token)
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err), name)
	}
}
