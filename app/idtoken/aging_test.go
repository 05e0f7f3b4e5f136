package idtoken

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// issuer is one that can withdraw its key, and be away, with a clock that a test moves.
type issuer struct {
	*testing.T
	key       *rsa.PrivateKey
	withdrawn atomic.Bool
	away      atomic.Bool
	fetched   atomic.Int32
	// held keeps an answer back until it is closed; nil keeps none.
	held  atomic.Pointer[chan struct{}]
	ahead atomic.Int64
	// still is the time that the clock is ahead of, nil when it goes on.
	still    atomic.Pointer[time.Time]
	verifier *Verifier
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i := &issuer{T: t, key: key}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	o := options(apptest.StartGoogle(t))
	o.KeysURL, o.Now = server.URL, i.now
	i.verifier, err = New(context.Background(), o)
	require.NoError(t, err)
	return i
}

func (i *issuer) now() time.Time {
	now := time.Now()
	if still := i.still.Load(); still != nil {
		now = *still
	}
	return now.Add(time.Duration(i.ahead.Load()))
}

// ServeHTTP serves the key set.
func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.fetched.Add(1)
	if held := i.held.Load(); held != nil {
		<-*held
	}
	if i.away.Load() {
		http.Error(w, "try later", http.StatusServiceUnavailable)
		return
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	if !i.withdrawn.Load() {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: i.key.Public(), KeyID: "old", Algorithm: "RS256", Use: "sig"})
	}
	assert.NoError(i, json.NewEncoder(w).Encode(set))
}

// verify verifies a new token, so that no memory of one answers.
func (i *issuer) verify() app.Code { i.Helper(); return i.verifyFor(i.Context()) }

// verifyFor is verify for a caller who may hang up.
func (i *issuer) verifyFor(ctx context.Context) app.Code {
	i.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: "old"}}, nil)
	require.NoError(i, err)
	claims, now := apptest.Claims("demo-1a2b", "ada"), i.now()
	claims["iat"], claims["exp"], claims["auth_time"], claims["jti"] = now.Unix(), now.Add(time.Hour).Unix(), now.Unix(), rand.Text()
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(i, err)
	_, err = i.verifier.Verify(ctx, token)
	return app.CodeOf(err)
}

// verifies waits until the issuer is asked again after a failure: for a moment who asks is told of a
// fetch that has failed already.
func (i *issuer) verifies() {
	i.Helper()
	await.True(i, func() bool { return i.verify() == "" }, "it is asked again")
}

func TestAKeyThatTheIssuerWithdrewIsTrustedForAnHourAtMost(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	require.Empty(t, i.verify())
	i.withdrawn.Store(true)
	i.ahead.Store(int64(keysGood - keysAhead - time.Minute))
	assert.Empty(t, i.verify(), "nobody has asked the issuer since")
	assert.EqualValues(t, 1, i.fetched.Load())
	i.ahead.Store(int64(keysGood))
	assert.Equal(t, app.CodeInvalidToken, i.verify())
}

func TestWhoHangsUpKeepsNoKeyThatTheIssuerWithdrew(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	require.Empty(t, i.verify())
	i.withdrawn.Store(true)
	i.ahead.Store(int64(keysGood))
	held := make(chan struct{})
	i.held.Store(&held)
	before := i.fetched.Load()
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	ended := make(chan app.Code, 1)
	go func() { ended <- i.verifyFor(ctx) }()
	await.True(t, func() bool { return i.fetched.Load() > before })
	hangUp()
	close(held)
	assert.Equal(t, app.CodeInvalidToken, await.Receive(t, ended))
	assert.Equal(t, app.CodeInvalidToken, i.verify(), "a key that was withdrawn is trusted no minute longer")
}

func TestWhileTheIssuerIsAwayItsLastKeysAreGoodForADay(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	require.Empty(t, i.verify())
	i.away.Store(true)
	i.ahead.Store(int64(keysGood))
	before := i.fetched.Load()
	for range 5 {
		assert.Empty(t, i.verify())
	}
	assert.Equal(t, before+1, i.fetched.Load(), "not every request waits for an issuer that is away")
	i.ahead.Store(int64(keysGood + keysRetry))
	assert.Empty(t, i.verify())
	await.True(t, func() bool { return i.fetched.Load() == before+2 }, "it is asked again")
	i.ahead.Store(int64(keysStale))
	assert.Equal(t, app.CodeUnavailable, i.verify(), "after a day nobody can say")
	i.away.Store(false)
	i.ahead.Store(int64(keysStale + pace))
	i.verifies()
}

// hanging are keys that are not there before the channel is closed.
type hanging chan struct{}

func (h hanging) VerifySignature(context.Context, string) ([]byte, error) {
	<-h
	return []byte("new keys"), nil
}

// good are keys that are there at once.
type good struct{}

func (good) VerifySignature(context.Context, string) ([]byte, error) { return []byte("old keys"), nil }

func TestNobodyWaitsForAnIssuerThatHangsWhileItsLastKeysAreGood(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	began := time.Now()
	answers := make(hanging)
	keys := &agingKeys{
		fresh: func() oidc.KeySet { return answers }, now: func() time.Time { return began.Add(time.Duration(ahead.Load())) },
		current: good{}, fetched: began,
	}
	answered := make(chan string, 1)
	verify := func() {
		payload, err := keys.VerifySignature(t.Context(), "a token")
		assert.NoError(t, err)
		answered <- string(payload)
	}
	for _, age := range []time.Duration{keysGood - keysAhead, keysGood, keysGood + keysRetry, keysStale - time.Minute} {
		ahead.Store(int64(age))
		go verify()
		assert.Equal(t, "old keys", await.Receive(t, answered), age)
	}
	close(answers)
	await.True(t, func() bool { verify(); return await.Receive(t, answered) == "new keys" })
}

func TestKeysAreFetchedAheadOfTheirEndAndSoAWithdrawnOneIsTrustedForLess(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	require.Empty(t, i.verify())
	i.withdrawn.Store(true)
	i.ahead.Store(int64(keysGood - keysAhead))
	assert.Empty(t, i.verify(), "nobody waits for the new ones")
	await.True(t, func() bool { return i.verify() == app.CodeInvalidToken })
}
