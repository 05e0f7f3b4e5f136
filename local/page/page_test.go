package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/page"
)

func serve(t *testing.T, w *world) *httptest.Server {
	t.Helper()
	handler, err := page.Handler(w)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url, host string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(body)
}

func TestThePageIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	server := serve(t, newWorld())
	for host, want := range map[string]int{
		"127.0.0.1:9443": 200, "localhost:9443": 200, "localhost": 200, "[::1]:9443": 200,
		"evil.example": 421, "127.0.0.1.evil.example:9443": 421, "192.0.2.1": 421, "localhost.evil.example": 421,
	} {
		response, body := get(t, server.URL, host)
		assert.Equal(t, want, response.StatusCode, host)
		if want != http.StatusOK {
			assert.NotContains(t, body, "waf-xss", host)
		}
	}
}

func TestThePageTrustsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	response, body := get(t, serve(t, newWorld()).URL, "127.0.0.1")
	policy := response.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.NotContains(t, body, "<script>alert", "what clients send is text")
	assert.Contains(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;")
	for _, outside := range []string{"src=\"http", "href=\"http", "url(http", "@import"} {
		assert.NotContains(t, body, outside)
	}
}

func TestThePageReadsWellWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.state.Faults = []string{"redis"}
	_, body := get(t, serve(t, w).URL, "127.0.0.1")
	for _, want := range []string{
		`<html lang="en">`, "<main>", "<h1>", "redis is made to fail", "stopped by layer 1, Cloud Armor",
		"refused by waf-xss (3100): owasp-crs-v042200-id941100-xss", "answered by the pod at 127.83.64.4", "was there before",
	} {
		assert.Contains(t, body, want)
	}
	assert.Equal(t, 7, strings.Count(body, `class="layer"`))
}

func TestThePageSaysThatAllIsAsDeclaredOnlyWhenItIs(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*page.State){
		"":                                func(*page.State) {},
		"locked down":                     func(s *page.State) { s.Notices = []string{"locked down"} },
		"changed behind Pulumi":           func(s *page.State) { s.Problems = []string{"changed behind Pulumi"} },
		"kms is made to fail":             func(s *page.State) { s.Faults = []string{"kms"} },
		"The missing rule is of a policy": func(s *page.State) { s.Problems = []string{"The missing rule is of a policy"} },
	} {
		w := newWorld()
		change(&w.state)
		_, body := get(t, serve(t, w).URL, "127.0.0.1")
		assert.Contains(t, body, name)
		assert.Equal(t, name == "", strings.Contains(body, "Everything is as declared"), name)
	}
}

func TestAReaderThatLeavesIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld()
	server := serve(t, w)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	await.True(t, func() bool { return w.viewers() == 2 })
	for range 2000 { // more than the backlog: nobody waits for a slow reader
		w.happens(passed())
	}
	require.NoError(t, response.Body.Close())
	await.True(t, func() bool { return w.viewers() == 0 })
}
