package client_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestASeatOfAnotherProductGoesBackAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	config := w.config()
	config.Product = "other"
	_, err := client.Hold(t.Context(), config)
	require.ErrorIs(t, err, verify.ErrOther)
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called(), "and is not asked for again")

	w.set(func(w *fixture) { w.old = true })
	_, err = client.Hold(t.Context(), config)
	require.ErrorIs(t, err, verify.ErrOther)
	assert.NotContains(t, w.called(), "release", "another program of the device may have the lease")
}

func TestABorrowedSeatWhoseFileCannotBeCheckedGoesBack(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"no keys": edge(502), "other keys": page("application/jwk-set+json", `{"keys":[{"kty":"oct","k":"AA"}]}`)} {
		w := newFixture(t)
		w.answer("jwks.json", answer)
		_, err := client.Borrow(t.Context(), w.config(), 30*24*time.Hour)
		require.Error(t, err, name)
		assert.Equal(t, []string{"borrow", "jwks.json", "release"}, w.called(), "nobody has the file, and the seat would be taken for a month: "+name)

		w.set(func(w *fixture) { w.old = true })
		_, err = client.Borrow(t.Context(), w.config(), time.Hour)
		require.Error(t, err, name)
		assert.NotContains(t, w.called(), "release", "another program of the device may have the lease")
	}
}

func TestWhoGivesUpBetweenTheSeatAndItsKeysGivesTheSeatBack(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	begun := make(chan struct{})
	w.answer("jwks.json", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(begun)
		hanging(rw, r)
	})
	config := w.config()
	config.Timeout = 10 * await.Limit
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := client.Hold(ctx, config)
		ended <- err
	}()
	await.Receive(t, begun)
	cancel()
	require.ErrorIs(t, await.Receive(t, ended), context.Canceled)
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called())
}
