package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/layer"
	"github.com/coditect-ai/license-platform/local/page"
	"github.com/coditect-ai/license-platform/local/trace"
)

// world is a cloud that the tests change.
type world struct {
	mu       sync.Mutex
	state    page.State
	recent   []trace.Passage
	tell     map[int]func(trace.Passage)
	notify   map[int]func()
	nextView int
}

func newWorld() *world {
	w := &world{tell: map[int]func(trace.Passage){}, notify: map[int]func(){}}
	w.state.Edge = "https://127.0.0.1:8443"
	for _, l := range layer.All() {
		w.state.Layers = append(w.state.Layers, page.Layer{Number: l.Number, Name: l.Name, Here: l.Here, Address: "127.83.8.10:8443", Resources: []page.Resource{
			{Kind: "SecurityPolicy", Name: "armor"},
			{Kind: "Ingress", Name: "coditect-unified-ingress", Existing: true},
			{Kind: "Pod", Name: "license-api-64a3af7b1b-7dxn5", Note: "not ready: probe failed", Warning: true},
		}})
	}
	w.recent = []trace.Passage{stopped(), passed()}
	return w
}

func passed() trace.Passage {
	return trace.Passage{
		ID: "1", Time: time.Date(2026, 11, 23, 17, 3, 22, 0, time.UTC), Client: "203.0.113.9", Region: "DE", Method: "POST",
		Host: "licenses.coditect.ai", Path: "/v1/licenses/demo/acquire", Status: 200, Latency: "0.031210s",
		Steps: []trace.Step{
			{Layer: 1, Outcome: trace.Passed, Why: "let through by rate-limit-ban (10000)"},
			{Layer: 2, Outcome: trace.Passed, Why: "TLS as the policy asks for"},
			{Layer: 3, Outcome: trace.Passed, Why: "routed to coditect-app-license-api-80"},
			{Layer: 4, Outcome: trace.Passed, Why: "answered by the pod at 127.83.64.4"},
			{Layer: 5, Outcome: trace.Passed, Why: "answered with status 200"},
			{Layer: 7, Outcome: trace.Passed, Why: "logged with severity INFO"},
		},
	}
}

func stopped() trace.Passage {
	return trace.Passage{
		ID: "2", Time: time.Date(2026, 11, 23, 17, 3, 23, 0, time.UTC), Client: "198.51.100.7", Region: "KP", Method: "GET",
		Host: "licenses.coditect.ai", Path: "/health?q=%3Cscript%3Ealert(1)%3C/script%3E<script>alert(1)</script>", Status: 403, Latency: "0.001900s",
		StoppedBy: 1, Rule: "waf-xss (3100)",
		Steps: []trace.Step{
			{Layer: 1, Outcome: trace.Stopped, Why: "refused by waf-xss (3100): owasp-crs-v042200-id941100-xss"},
			{Layer: 7, Outcome: trace.Passed, Why: "logged with severity WARNING"},
		},
	}
}

func (w *world) State() page.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

func (w *world) Recent() []trace.Passage { return w.recent }

func (w *world) Watch(tell func(trace.Passage)) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nextView++
	view := w.nextView
	w.tell[view] = tell
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.tell, view)
	}
}

func (w *world) Changes(notify func()) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nextView++
	view := w.nextView
	w.notify[view] = notify
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.notify, view)
	}
}

func (w *world) viewers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.tell) + len(w.notify)
}

func (w *world) happens(p trace.Passage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, tell := range w.tell {
		tell(p)
	}
}

func (w *world) fails(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Faults = []string{name}
	for _, notify := range w.notify {
		notify()
	}
}

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

func TestAReaderThatLeavesIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld()
	server := serve(t, w)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.viewers() == 2 }, 5*time.Second, 10*time.Millisecond)
	for range 2000 { // more than the backlog: nobody waits for a slow reader
		w.happens(passed())
	}
	require.NoError(t, response.Body.Close())
	require.Eventually(t, func() bool { return w.viewers() == 0 }, 5*time.Second, 10*time.Millisecond)
}
