package page_test

import (
	"sync"
	"time"

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
	w.state.Layers[0].Stopped, w.state.Layers[0].Declared = 1, 1
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
