package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// public asks the API what needs no token.
func public(t *testing.T, change func(*Config), path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	config := stubConfig(io.Discard, &counted{})
	change(&config)
	handler, err := New(config)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestReadinessIsAStatusThatALoadBalancerUnderstands(t *testing.T) {
	t.Parallel()
	for ready, status := range map[bool]int{true: http.StatusOK, false: http.StatusServiceUnavailable} {
		w := public(t, func(c *Config) {
			c.Ready = func(context.Context) Readiness {
				return Readiness{Ready: ready, Checks: map[string]string{"redis": "ok"}}
			}
		}, pathReady)
		assert.Equal(t, status, w.Code)
		assert.Contains(t, w.Body.String(), `"checks":{"redis":"ok"}`)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	}
	assert.JSONEq(t, `{"status":"ok"}`, public(t, func(*Config) {}, pathHealth).Body.String())
}

func TestPublishedKeysAreKeptByClientsAndComparedByTheirTag(t *testing.T) {
	t.Parallel()
	keys := func(c *Config) {
		c.Keys = func(context.Context) ([]byte, time.Duration, error) {
			return []byte(`{"keys":[]}`), 90 * time.Second, nil
		}
	}
	first := public(t, keys, pathKeys)
	assert.Equal(t, http.StatusOK, first.Code)
	assert.JSONEq(t, `{"keys":[]}`, first.Body.String())
	assert.Equal(t, "application/jwk-set+json", first.Header().Get("Content-Type"))
	assert.Equal(t, "public, max-age=90, stale-if-error=86400", first.Header().Get("Cache-Control"))
	tag := first.Header().Get("ETag")
	assert.Len(t, tag, 26)
	for _, named := range []string{tag, "W/" + tag, `"another", ` + tag, `"another",W/` + tag + `,"third"`, "*"} {
		again := public(t, keys, pathKeys, "If-None-Match", named)
		assert.Equal(t, http.StatusNotModified, again.Code, named)
		assert.Empty(t, again.Body.String())
	}
	for _, named := range []string{`"another"`, "", strings.Trim(tag, `"`), `"` + tag} {
		assert.Equal(t, http.StatusOK, public(t, keys, pathKeys, "If-None-Match", named).Code, named)
	}

	failed := public(t, func(c *Config) {
		c.Keys = func(context.Context) ([]byte, time.Duration, error) {
			return nil, 0, app.Unavailable("signing key", errors.New("refused"))
		}
	}, pathKeys)
	assert.Equal(t, http.StatusServiceUnavailable, failed.Code)
	assert.Empty(t, failed.Header().Get("ETag"))
}
