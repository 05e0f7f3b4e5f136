package server_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAKeyThatDoesNotSignIsNotCalledReady(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", ada, "laptop").text("leaseId")
	for name, fault := range map[string]func(broken bool){
		"away":    w.google.Refuse.Store,
		"damaged": w.google.Corrupt.Store,
		"disabled": func(broken bool) {
			state := kmspb.CryptoKeyVersion_ENABLED
			if broken {
				state = kmspb.CryptoKeyVersion_DISABLED
			}
			w.google.SetState(apptest.KeyVersion, state)
		},
	} {
		fault(true)
		assert.Equal(t, 503, api.once(t, "POST", "/v1/licenses/demo/acquire", ada, `{"fingerprint":"desk"}`).status, name)
		assert.Equal(t, 200, api.says(t, "kms", "unavailable"), name+": heartbeats go on")
		assert.Equal(t, 200, api.heartbeat(t, ada, lease).status, name)
		fault(false)
		assert.Contains(t, []int{200, 201}, api.acquire(t, "demo", ada, "desk").status, name)
		assert.Equal(t, 200, api.says(t, "kms", "ok"), name)
	}
}

// away are published keys that nobody serves.
const away = "https://127.0.0.1:1/keys"

func TestAnInstanceThatCannotCheckIdentityTokensDoesNotBecomeReady(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.start(t, map[string]string{"IDENTITY_KEYS_URL": away})
	await.True(t, func() bool { _, err := api.try("GET", "/health", "", ""); return err == nil })
	assert.Equal(t, 503, api.says(t, "identity", "unavailable"), "it would refuse everybody, in the place of one that does not")
	assert.Equal(t, 503, api.says(t, "redis", "ok"))
}

func TestAClientThatHangsUpIsNoFailureOfTheKey(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	release := w.google.Hold()
	defer release()
	ctx, hangUp := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, api.url+"/v1/licenses/demo/acquire", strings.NewReader(`{"fingerprint":"laptop"}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+ada)
	ended := make(chan error, 1)
	go func() {
		response, err := api.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		ended <- err
	}()
	w.held(t, 1)
	hangUp()
	require.ErrorIs(t, await.Receive(t, ended), context.Canceled)

	// The request is counted when all of it is over.
	await.True(t, func() bool {
		return slices.Contains(api.measures(t, "http_requests_total"), `http_requests_total{code="503",method="POST",route="POST /v1/licenses/{license_id}/acquire"} 1`)
	})
	assert.Equal(t, []string{"kms_sign_errors_total 0"}, api.measures(t, "kms_sign_errors_total"), "or anybody could raise the alert that tokens cannot be signed")
	assert.Empty(t, api.measures(t, "dependency_errors_total"))
	assert.Equal(t, 200, api.says(t, "kms", "ok"))
}

// measures are the lines of one of the instance's metrics.
func (in *instance) measures(t *testing.T, name string) (lines []string) {
	t.Helper()
	r, err := in.client.Get(in.metrics)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
