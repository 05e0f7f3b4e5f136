package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
)

func serve(t testing.TB, w *fixture) *httptest.Server {
	t.Helper()
	handler, err := page.Handler(w)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections() // streams go on for as long as somebody listens
		server.Close()
	})
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
	server := serve(t, newFixture())
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
	server := serve(t, newFixture())
	for _, path := range []string{"/", "/api/state", "/web/console.js", "/playbooks/redis-memory-high.md"} {
		response, body := get(t, server.URL+path, "127.0.0.1")
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		policy := response.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.Contains(t, policy, "require-trusted-types-for 'script'", path)
		assert.NotContains(t, policy, "unsafe", path)
		for _, outside := range []string{"src=\"http", "href=\"http", "url(http", "@import", "import(\"http", "innerHTML"} {
			assert.NotContains(t, body, outside, path)
		}
	}
	_, body := get(t, server.URL, "127.0.0.1")
	assert.NotContains(t, body, "<script>alert", "what clients send is text")
	assert.Contains(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;")
	for _, inline := range []string{" style=", "<style", " onclick=", "<script>"} {
		assert.NotContains(t, body, inline, "the policy would refuse it")
	}
}

func TestThePageServesItsScriptsAndStylesOnly(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture())
	for path, want := range map[string]int{
		"/web/console.css": 200, "/web/base.css": 200, "/web/list.js": 200,
		"/web/page.html": 404, "/web/": 404, "/web/../page.go": 404, "/web/nothing.js": 404, "/playbooks/nothing.md": 404, "/playbooks/..%2f..%2fREADME.md": 404,
	} {
		response, _ := get(t, server.URL+path, "127.0.0.1")
		assert.Equal(t, want, response.StatusCode, path)
	}
}

func TestThePageReadsWellWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.state.Conditions = []page.Condition{{Kind: page.Fault, Text: "redis is made to fail", Next: "bin/local heal redis"}}
	_, body := get(t, serve(t, w).URL, "127.0.0.1")
	for _, want := range []string{
		`<html lang="en">`, `<main id="main">`, "<h1>", "1 part is made to fail", "redis is made to fail", "bin/local heal redis",
		"refused by waf-xss (3100): owasp-crs-v042200-id941100-xss", "was there before", `<span id="total">2</span> since`, "31 ms",
	} {
		assert.Contains(t, body, want)
	}
	assert.Equal(t, 7, strings.Count(body, `class="layer"`))
	assert.Equal(t, 3, strings.Count(body, `<li class="row"`), "two requests and the one to copy")

	_, body = get(t, serve(t, w).URL+"/?outcome=stopped&layer=1", "127.0.0.1")
	assert.Equal(t, 2, strings.Count(body, `<li class="row"`), "the form filters without scripts")
	assert.Contains(t, body, `<option value="stopped" selected>`)
	_, body = get(t, serve(t, w).URL+"/?layer=9", "127.0.0.1")
	assert.Contains(t, body, "1 to 7")
}

func TestThePageSaysThatAllIsAsDeclaredOnlyWhenItIs(t *testing.T) {
	t.Parallel()
	one := func(kind page.Kind) func(*page.State) {
		return func(s *page.State) { s.Conditions = []page.Condition{{Kind: kind, Text: "why"}} }
	}
	for title, change := range map[string]func(*page.State){
		"Everything is as declared":         func(*page.State) {},
		"Locked down":                       one(page.Lockdown),
		"1 thing is suspended":              one(page.Suspended),
		"1 change behind Pulumi&#39;s back": one(page.Drift),
		"1 part is made to fail":            one(page.Fault),
		"1 alert fires":                     one(page.Firing),
		"1 problem":                         one(page.Problem),
		"A command is changing the cloud: not everything is as declared yet": one(page.Change),
		"Everything is as declared, but not everything is acted out here":    one(page.Limit),
		"Nothing is declared yet": func(s *page.State) {
			for i := range s.Layers {
				s.Layers[i].Declared = 0
			}
		},
		"2 problems, 1 part is made to fail, locked down": func(s *page.State) {
			s.Conditions = []page.Condition{{Kind: page.Lockdown}, {Kind: page.Problem}, {Kind: page.Fault}, {Kind: page.Problem}}
		},
	} {
		w := newFixture()
		change(&w.state)
		_, body := get(t, serve(t, w).URL, "127.0.0.1")
		assert.Contains(t, body, title+"</span></h2>")
	}
}

func TestAPlaybookIsReadInPlace(t *testing.T) {
	t.Parallel()
	_, body := get(t, serve(t, newFixture()).URL+"/playbooks/redis-memory-high.md", "127.0.0.1")
	for _, want := range []string{
		"<h1>RedisMemoryHigh</h1>", `<p class="text">It is <code>full</code>. See <a href="/playbooks/waf-denial-surge.md">the other</a> and how.</p>`,
		"<h2>Check</h2>", `<span class="mark">1.</span> Look:`, `<pre tabindex="0" class="inside">echo &lt;b&gt;</pre>`, "done</p>",
	} {
		assert.Contains(t, body, want)
	}
}
