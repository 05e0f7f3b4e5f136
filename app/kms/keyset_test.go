package kms

import (
	"context"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// settle waits until nobody reads the set anew.
func (k *KeySet) settle() { <-k.reading.DoChan("", func() (any, error) { return nil, nil }) }

func TestWhileKMSHangsThePublishedKeysAreThereAtOnce(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	set := NewKeySet(client, []string{apptest.KeyVersion})
	before, good, err := set.JSON(t.Context())
	require.NoError(t, err)
	assert.Equal(t, refresh, good)

	asked, answer := make(chan struct{}, 9), make(chan struct{})
	google.Damage(func(any) { asked <- struct{}{}; <-answer })
	set.read = set.read.Add(-refresh)
	for range 3 {
		published, good, err := set.JSON(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before, published, "whoever asks does not wait for KMS")
		assert.Equal(t, refreshSmall, good)
	}
	await.Receive(t, asked)
	close(answer)
	set.settle()
	assert.Empty(t, asked, "KMS was asked once for all of them")
	_, good, err = set.JSON(t.Context())
	require.NoError(t, err)
	assert.Equal(t, refresh, good)
}

func TestWhoWaitsForTheFirstKeysDoesNotWaitLongerThanItsRequest(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	set := NewKeySet(client, []string{apptest.KeyVersion})
	asked, answer := make(chan struct{}, 9), make(chan struct{})
	google.Damage(func(any) { asked <- struct{}{}; <-answer })
	waiting, hangUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, _, err := set.JSON(waiting)
		done <- err
	}()
	await.Receive(t, asked)
	hangUp()
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(await.Receive(t, done)))
	close(answer)
	set.settle()
	_, good, err := set.JSON(t.Context())
	require.NoError(t, err)
	assert.Equal(t, refresh, good, "the others have the keys")
}

func TestAVersionThatWasDisabledLeavesThePublishedKeysWithinAnHour(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	second := google.AddVersion(t)
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	set := NewKeySet(client, []string{apptest.KeyVersion, second})
	// It makes no difference that the client that asks hangs up.
	gone, hangUp := context.WithCancel(t.Context())
	published := func() string {
		_, _, err := set.JSON(gone)
		require.NoError(t, err)
		set.settle()
		content, _, err := set.JSON(gone)
		require.NoError(t, err)
		return string(content)
	}
	assert.Contains(t, published(), "license-signing.1")

	hangUp()
	google.Disable(apptest.KeyVersion)
	assert.Contains(t, published(), "license-signing.1", "the set is kept for an hour")
	google.Refuse.Store(true)
	set.read = set.read.Add(-refresh)
	assert.Contains(t, published(), "license-signing.1", "and longer while KMS is away")
	google.Refuse.Store(false)
	set.read = set.read.Add(-refresh)
	assert.NotContains(t, published(), "license-signing.1")
	assert.Contains(t, published(), "license-signing.2")
}

func TestAVersionThatIsStillBeingGeneratedIsPublishedAMinuteAfterItCanSign(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	second := google.AddVersion(t)
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	signer, err := NewSigner(client, second)
	require.NoError(t, err)
	for _, state := range []kmspb.CryptoKeyVersion_CryptoKeyVersionState{
		kmspb.CryptoKeyVersion_PENDING_GENERATION, kmspb.CryptoKeyVersion_PENDING_IMPORT, kmspb.CryptoKeyVersion_DISABLED,
		kmspb.CryptoKeyVersion_GENERATION_FAILED, kmspb.CryptoKeyVersion_IMPORT_FAILED, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED,
	} {
		t.Run(state.String(), func(t *testing.T) {
			google.SetState(second, state)
			set := NewKeySet(client, []string{apptest.KeyVersion, second})
			published, good, err := set.JSON(t.Context())
			require.NoError(t, err)
			assert.NotContains(t, string(published), "license-signing.2")
			assert.LessOrEqual(t, good, time.Minute, "nobody keeps a set that lacks a key")
			_, err = signer.Sign(t.Context(), app.Claims{Subject: "demo"})
			require.Error(t, err, "it has not signed")

			google.SetState(second, kmspb.CryptoKeyVersion_ENABLED)
			_, err = signer.Sign(t.Context(), app.Claims{Subject: "demo"})
			require.NoError(t, err)
			set.read = set.read.Add(-time.Minute)
			_, _, err = set.JSON(t.Context())
			require.NoError(t, err)
			set.settle()
			published, good, err = set.JSON(t.Context())
			require.NoError(t, err)
			assert.Contains(t, string(published), "license-signing.1")
			assert.Contains(t, string(published), "license-signing.2")
			assert.Equal(t, refresh, good)
		})
	}
}
