package httpapi

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryLineOfARequestFindsItAndItsTrace(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := stubConfig(&log, &counted{})
	a, _, err := assemble(config)
	require.NoError(t, err)
	handler := a.observed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		config.Log.With("part", "seats").WarnContext(r.Context(), "something is slow")
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Request-Id", "request-1")
	r.Header.Set("Traceparent", "00-"+strings.Repeat("a", 32)+"-"+strings.Repeat("b", 16)+"-01")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	config.Log.Warn("nobody's")

	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 3)
	for _, line := range lines[:2] {
		assert.Equal(t, 1, strings.Count(line, `"requestId":"request-1"`), line)
		assert.Equal(t, 1, strings.Count(line, `"logging.googleapis.com/trace":"projects/p/traces/`+strings.Repeat("a", 32)+`"`), line)
		assert.Equal(t, 1, strings.Count(line, `"logging.googleapis.com/spanId":"`+strings.Repeat("b", 16)+`"`), line)
	}
	assert.Contains(t, lines[0], `"part":"seats"`)
	assert.NotContains(t, lines[2], "requestId")
}
