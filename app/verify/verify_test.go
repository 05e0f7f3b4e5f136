package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/verify"
)

// keyPair is made once: RSA keys take a while.
var keyPair = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := keyPair()
	require.NoError(t, err)
	return key
}

func published(t testing.TB, id string) []byte {
	t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key(t).Public(), KeyID: id, Algorithm: "RS512", Use: "sig"}}})
	require.NoError(t, err)
	return set
}

func token(t testing.TB, algorithm jose.SignatureAlgorithm, signingKey any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: signingKey, KeyID: "license-signing.1"}}, nil)
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	text, err := signed.CompactSerialize()
	require.NoError(t, err)
	return text
}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func claims(change func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": "https://licenses.coditect.ai", "sub": "demo", "aud": "coditect-ide", "tenant": "demo-1a2b", "lease": "demo_x",
		"fingerprint": "device-1", "seats": 5, "kind": "borrowed", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	change(c)
	return c
}

func want() verify.Expected {
	return verify.Expected{Product: "coditect-ide", Fingerprint: "device-1", Issuer: "https://licenses.coditect.ai", Tenant: "demo-1a2b", Now: now.Add(time.Minute)}
}

func TestAGoodTokenSaysWhatItAllows(t *testing.T) {
	t.Parallel()
	text := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	license, err := verify.Token(published(t, "license-signing.1"), text, want())
	require.NoError(t, err)
	assert.Equal(t, "demo", license.ID)
	assert.True(t, license.Borrowed)
	assert.Equal(t, now.Add(time.Hour), license.ExpiresAt)

	license, err = verify.File(published(t, "license-signing.1"), "Dear user\n"+app.LicenseFile(text), want())
	require.NoError(t, err)
	assert.Equal(t, 5, license.Seats)
}

func TestATokenSaysWhichFeaturesTheLicenceIncludes(t *testing.T) {
	t.Parallel()
	keys := published(t, "license-signing.1")
	with := token(t, jose.RS512, key(t), claims(func(c map[string]any) { c["features"], c["inGrace"] = []string{"export", "sso"}, true }))
	needs := want()
	needs.Features = []string{"sso"}
	license, err := verify.Token(keys, with, needs)
	require.NoError(t, err)
	assert.True(t, license.Has("export") && license.Has("sso") && license.InGrace)
	assert.False(t, license.Has("SSO") || license.Has("") || license.Has("exp"))
	needs.Features = []string{"sso", "audit"}
	license, err = verify.Token(keys, with, needs)
	require.ErrorIs(t, err, verify.ErrFeature)
	assert.ErrorContains(t, err, `"audit"`)
	assert.Zero(t, license)

	// A token of before there were any.
	before := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	license, err = verify.Token(keys, before, want())
	require.NoError(t, err)
	assert.False(t, license.Has("export") || license.InGrace)
	_, err = verify.Token(keys, before, needs)
	assert.ErrorIs(t, err, verify.ErrFeature)
}

func TestABadTokenIsRefused(t *testing.T) {
	t.Parallel()
	good := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	forged := parts[0] + "." + strings.Split(token(t, jose.RS512, other, claims(func(c map[string]any) { c["seats"] = 999 })), ".")[1] + "." + parts[2]
	with := func(change func(map[string]any)) string { return token(t, jose.RS512, key(t), claims(change)) }
	for name, c := range map[string]struct {
		token string
		err   error
	}{
		"signed by another key":            {token(t, jose.RS512, other, claims(func(map[string]any) {})), verify.ErrSignature},
		"changed after signing":            {forged, verify.ErrSignature},
		"signed by the wrong algorithm":    {token(t, jose.RS256, key(t), claims(func(map[string]any) {})), verify.ErrMalformed},
		"signed with the public key's MAC": {token(t, jose.HS512, published(t, "license-signing.1"), claims(func(map[string]any) {})), verify.ErrMalformed},
		"not a token":                      {"x", verify.ErrMalformed},
		"empty":                            {"", verify.ErrMalformed},
		"too long":                         {strings.Repeat("x", 70<<10), verify.ErrMalformed},
		"without an expiry":                {with(func(c map[string]any) { delete(c, "exp") }), verify.ErrMalformed},
		"without a licence":                {with(func(c map[string]any) { delete(c, "sub") }), verify.ErrMalformed},
		"without a lease":                  {with(func(c map[string]any) { delete(c, "lease") }), verify.ErrMalformed},
		"expired":                          {with(func(c map[string]any) { c["exp"] = now.Unix() }), verify.ErrExpired},
		"of tomorrow":                      {with(func(c map[string]any) { c["nbf"] = now.Add(24 * time.Hour).Unix() }), verify.ErrNotYet},
		"for another product":              {with(func(c map[string]any) { c["aud"] = "x" }), verify.ErrOther},
		"for another device":               {with(func(c map[string]any) { c["fingerprint"] = "device-2" }), verify.ErrOther},
		"of another tenant":                {with(func(c map[string]any) { c["tenant"] = "x" }), verify.ErrOther},
		"of another issuer":                {with(func(c map[string]any) { c["iss"] = "x" }), verify.ErrOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			license, err := verify.Token(published(t, "license-signing.1"), c.token, want())
			require.ErrorIs(t, err, c.err)
			assert.Zero(t, license)
		})
	}
	t.Run("a key that is not published any more", func(t *testing.T) {
		t.Parallel()
		_, err := verify.Token(published(t, "license-signing.2"), good, want())
		require.ErrorIs(t, err, verify.ErrSignature)
	})
	t.Run("a file without its last line", func(t *testing.T) {
		t.Parallel()
		_, err := verify.File(published(t, "license-signing.1"), "-----BEGIN LICENSE FILE-----\n"+good, want())
		require.ErrorIs(t, err, verify.ErrMalformed)
	})
}

func TestOneKeyOfAnUnknownKindSpoilsNoOther(t *testing.T) {
	t.Parallel()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(published(t, "license-signing.1"), &set))
	strange := json.RawMessage(`{"kty":"AKP","alg":"ML-DSA-65","kid":"license-signing.9","pub":"AAAA"}`)
	set.Keys = append([]json.RawMessage{strange}, set.Keys...)
	both, err := json.Marshal(set)
	require.NoError(t, err)
	good := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	_, err = verify.Token(both, good, want())
	require.NoError(t, err)

	set.Keys = set.Keys[:1]
	none, err := json.Marshal(set)
	require.NoError(t, err)
	_, err = verify.Token(none, good, want())
	require.ErrorContains(t, err, "none of the published keys can be read")
}

// Google's key versions are for one algorithm each. A key set of somebody else's making may
// have several keys under one id.
func TestAKeyIsUsedOnlyForTheAlgorithmItIsPublishedFor(t *testing.T) {
	t.Parallel()
	good := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	right := jose.JSONWebKey{Key: key(t).Public(), KeyID: "license-signing.1", Algorithm: "RS512"}
	other := right
	other.Algorithm = "PS512"
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{other}})
	require.NoError(t, err)
	_, err = verify.Token(set, good, want())
	require.ErrorIs(t, err, verify.ErrSignature)

	set, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{other, right}})
	require.NoError(t, err)
	_, err = verify.Token(set, good, want())
	require.NoError(t, err, "it hides no other key of the same id")
}

func TestAProgramHasToSayForWhichProductAndDeviceItAsks(t *testing.T) {
	t.Parallel()
	// A program that forgets one of them must not accept a licence that names none either.
	anyone := token(t, jose.RS512, key(t), claims(func(c map[string]any) { c["aud"], c["fingerprint"] = "", "" }))
	for name, forget := range map[string]func(*verify.Expected){
		"the product": func(e *verify.Expected) { e.Product = "" },
		"the device":  func(e *verify.Expected) { e.Fingerprint = "" },
	} {
		expected := want()
		forget(&expected)
		_, err := verify.Token(published(t, "license-signing.1"), anyone, expected)
		assert.ErrorContains(t, err, "needs a product and a fingerprint", name)
	}
}

func TestMoreThan64KiBAreNotLookedAt(t *testing.T) {
	t.Parallel()
	keys := published(t, "license-signing.1")
	good := app.LicenseFile(token(t, jose.RS512, key(t), claims(func(map[string]any) {})))
	full := strings.Repeat("\n", 64<<10-len(good)) + good
	_, err := verify.File(keys, full, want())
	require.NoError(t, err)
	_, err = verify.File(keys, "\n"+full, want())
	require.ErrorIs(t, err, verify.ErrMalformed)

	_, err = verify.Token(keys, strings.Repeat("x", 64<<10), want())
	require.EqualError(t, err, verify.ErrMalformed.Error(), "it is looked at, and is no token")
	_, err = verify.Token(keys, strings.Repeat("x", 64<<10+1), want())
	require.ErrorContains(t, err, "more than 64 KiB")
}

func TestAFileIsOfABorrowedLicence(t *testing.T) {
	t.Parallel()
	floating := token(t, jose.RS512, key(t), claims(func(c map[string]any) { c["kind"] = "floating" }))
	_, err := verify.Token(published(t, "license-signing.1"), floating, want())
	require.NoError(t, err)
	license, err := verify.File(published(t, "license-signing.1"), app.LicenseFile(floating), want())
	require.ErrorIs(t, err, verify.ErrOther)
	assert.Zero(t, license)
}

func TestFilesMayBeAsPowerShellWritesThem(t *testing.T) {
	t.Parallel()
	keys := published(t, "license-signing.1")
	wide := func(text string) string {
		var b strings.Builder
		b.WriteString("\xff\xfe")
		for _, unit := range utf16.Encode([]rune(text)) {
			b.WriteByte(byte(unit))
			b.WriteByte(byte(unit >> 8))
		}
		return b.String()
	}
	file := strings.ReplaceAll(app.LicenseFile(token(t, jose.RS512, key(t), claims(func(map[string]any) {}))), "\n", "\r\n")
	for name, write := range map[string]func(string) string{"UTF-16": wide, "UTF-8 with a mark": func(text string) string { return "\ufeff" + text }} {
		license, err := verify.File([]byte(write(string(keys))), write(file), want())
		require.NoError(t, err, name)
		assert.True(t, license.Borrowed, name)
	}
	_, err := verify.File(keys, wide(file)+"\x00", want())
	require.NoError(t, err, "half a letter behind the last line does not count")
	for _, length := range []int{2, 3, 101} {
		_, err = verify.File(keys, wide(file)[:length], want())
		require.ErrorIs(t, err, verify.ErrMalformed)
	}
}

func TestALeewayForgivesAClockThatIsWrong(t *testing.T) {
	t.Parallel()
	good := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	begins, ends := now, now.Add(time.Hour)
	for name, c := range map[string]struct {
		now    time.Time
		leeway time.Duration
		err    error
	}{
		"slow, and forgiven":       {begins.Add(-time.Minute), time.Minute, nil},
		"slow, and not forgiven":   {begins.Add(-time.Minute - time.Second), time.Minute, verify.ErrNotYet},
		"slow, without a leeway":   {begins.Add(-time.Second), verify.NoLeeway, verify.ErrNotYet},
		"slow, by default":         {begins.Add(-time.Second), 0, nil},
		"too slow, by default":     {begins.Add(-time.Minute - time.Second), 0, verify.ErrNotYet},
		"fast, and forgiven":       {ends.Add(time.Minute - time.Second), time.Minute, nil},
		"fast, and not forgiven":   {ends.Add(time.Minute), time.Minute, verify.ErrExpired},
		"fast, without a leeway":   {ends, verify.NoLeeway, verify.ErrExpired},
		"fast, by default":         {ends, 0, nil},
		"at the last moment of it": {ends.Add(-time.Second), verify.NoLeeway, nil},
	} {
		expected := want()
		expected.Now, expected.Leeway = c.now, c.leeway
		_, err := verify.Token(published(t, "license-signing.1"), good, expected)
		if c.err == nil {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorIs(t, err, c.err, name)
	}
	most := want()
	most.Now, most.Leeway = ends.Add(5*time.Minute-time.Second), 5*time.Minute
	_, err := verify.Token(published(t, "license-signing.1"), good, most)
	require.NoError(t, err, "5 minutes are allowed")
	for _, leeway := range []time.Duration{-time.Second, 5*time.Minute + time.Second} {
		expected := want()
		expected.Leeway = leeway
		_, err := verify.Token(published(t, "license-signing.1"), good, expected)
		assert.ErrorContains(t, err, "a leeway of at most 5 minutes")
	}
}

func TestAClockThatIsSetBackDoesNotBringALicenceBack(t *testing.T) {
	t.Parallel()
	good := token(t, jose.RS512, key(t), claims(func(map[string]any) {}))
	for name, c := range map[string]struct {
		now, seen time.Time
		err       error
	}{
		"it goes on":                     {now.Add(10 * time.Minute), now.Add(9 * time.Minute), nil},
		"it is corrected a little":       {now.Add(10 * time.Minute), now.Add(11 * time.Minute), nil},
		"it is set back":                 {now.Add(10 * time.Minute), now.Add(12 * time.Minute), verify.ErrClock},
		"it is set back after the end":   {now.Add(time.Minute), now.Add(2 * time.Hour), verify.ErrClock},
		"nothing was seen yet":           {now.Add(time.Minute), time.Time{}, nil},
		"the licence is over, and it is": {now.Add(2 * time.Hour), now.Add(time.Hour), verify.ErrExpired},
	} {
		expected := want()
		expected.Now, expected.LastSeen = c.now, c.seen
		_, err := verify.Token(published(t, "license-signing.1"), good, expected)
		if c.err == nil {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorIs(t, err, c.err, name)
	}
}

func FuzzNothingButASignedTokenIsAccepted(f *testing.F) {
	good := token(f, jose.RS512, key(f), claims(func(map[string]any) {}))
	keys := published(f, "license-signing.1")
	f.Add(good)
	f.Add(app.LicenseFile(good))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := verify.Token(keys, text, want()); err == nil {
			// Base64 has spare bits at its end: what was signed must be the same.
			assert.Equal(t, strings.Split(good, ".")[:2], strings.Split(text, ".")[:2])
		}
		_, _ = verify.File(keys, text, want())
	})
}
