package idtoken

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestWhileTheIssuersKeysAreAwayAGoodTokenIsNotCalledInvalid(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	var away atomic.Bool
	away.Store(true)
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(w, "try later", http.StatusInternalServerError)
			return
		}
		target, err := url.Parse(g.KeysURL)
		if assert.NoError(t, err) {
			http.Redirect(w, r, target.String(), http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(gate.Close)
	o := options(g)
	var later atomic.Int64
	o.KeysURL, o.Now = gate.URL, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	v, err := New(context.Background(), o)
	require.NoError(t, err)
	token := g.Mint(t, apptest.Claims("demo-1a2b", "ada"))

	_, err = v.Verify(context.Background(), token)
	var refused *app.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, app.CodeUnavailable, refused.Code)

	away.Store(false)
	later.Store(int64(pace))
	_, err = v.Verify(context.Background(), token)
	require.NoError(t, err, "nobody has to sign in again")
}
