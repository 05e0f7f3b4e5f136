package stub_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/local/scenario/stub"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

func get(t *testing.T, handler http.Handler, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Result()
}

func TestTheAPISaysWhichServiceAndPathItIs(t *testing.T) {
	t.Parallel()
	response := get(t, stub.NewAPI(), "https://api.coditect.ai/v2/projects?x=1")
	defer func() { _ = response.Body.Close() }()
	var said map[string]string
	require.NoError(t, json.NewDecoder(response.Body).Decode(&said))
	assert.Equal(t, map[string]string{
		"service": "coditect-api-v2", "method": "GET", "host": "api.coditect.ai", "path": "/v2/projects",
	}, said)
}

func TestTheFrontendIsAPageThatNamesItself(t *testing.T) {
	t.Parallel()
	response := get(t, stub.NewFrontend(), "https://coditect.ai/")
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Contains(t, string(page), "coditect-frontend")
	assert.Equal(t, "text/html; charset=utf-8", response.Header.Get("Content-Type"))
}

func TestBothAreWellWhenAsked(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.Handler{"API": stub.NewAPI(), "frontend": stub.NewFrontend()} {
		for _, path := range []string{"/health", "/"} {
			response := get(t, handler, path)
			assert.Equal(t, http.StatusOK, response.StatusCode, "%s %s", name, path)
			require.NoError(t, response.Body.Close())
		}
	}
}

func TestTheAPIEchoesWebSocketMessages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(stub.NewAPI())
	defer server.Close()
	c, _, err := websocket.Dial(t.Context(), server.URL+"/ws", nil)
	require.NoError(t, err)
	for _, text := range []string{"one", "two"} {
		require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(text)))
		kind, message, err := c.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, websocket.MessageText, kind)
		assert.Equal(t, text, string(message))
	}
	require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
}
