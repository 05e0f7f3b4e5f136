package page_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// fixture is a cloud that the tests change.
type fixture struct {
	mu       sync.Mutex
	state    page.State
	book     *requestlog.Book
	marks    []page.Mark
	seats    page.Seats
	topology page.Topology
	audit    page.Audit
	notify   map[int]func()
	nextView int
	deaf     atomic.Bool // the stores do not answer
}

var _ page.Cloud = (*fixture)(nil)

func newFixture() *fixture {
	w := &fixture{notify: map[int]func(){}, book: requestlog.NewBook(10_000, time.Now)}
	w.state.Edge, w.state.Pace = "https://127.0.0.1:8443", 1
	for _, l := range layer.All() {
		w.state.Layers = append(w.state.Layers, page.Layer{Number: l.Number, Name: l.Name, Here: l.Here, Address: "127.83.8.10:8443", Declared: 3, Resources: []page.Resource{
			{Kind: "SecurityPolicy", Name: "armor"},
			{Kind: "Ingress", Name: "coditect-unified-ingress", Existing: true},
			{Kind: "Pod", Name: "license-api-64a3af7b1b-7dxn5", Note: "not ready: probe failed", Warning: true},
		}})
	}
	w.state.Alerts = []page.Alert{}
	three := 3
	w.seats = page.Seats{Licenses: []page.License{
		{Tenant: "demo", ID: "demo", Product: "coditect-ide", Status: "active", Seats: 5, Limit: 5, InUse: &three},
		{Tenant: "rival", ID: "rival", Product: "coditect-ide", Status: "suspended", Seats: 2, Limit: 2, Why: "not loaded since Redis began"},
	}}
	w.topology = page.Topology{
		Nodes: []page.Node{
			{ID: "edge", Kind: "source", Name: "load balancer", Where: "35.191.0.0/16"},
			{ID: "machine", Kind: "source", Name: "managed Prometheus", Where: "gmp-system"},
			{ID: "coditect-app/license-api", Kind: "pods", Name: "license-api", Where: "coditect-app", Ready: 1, Total: 2},
			{ID: "coditect-app/coditect-frontend", Kind: "pods", Name: "coditect-frontend", Where: "coditect-app", Ready: 1, Total: 1, Foreign: true},
			{ID: "Cloud KMS", Kind: "service", Name: "Cloud KMS", Where: "127.83.8.10:8443"},
			{ID: "Memorystore", Kind: "service", Name: "Memorystore", Where: "127.83.16.3:6378"},
		},
		Edges: []page.Edge{
			{From: "edge", To: "coditect-app/license-api", Ports: []string{"8000"}},
			{From: "edge", To: "coditect-app/coditect-frontend", Ports: []string{"8080"}},
			{From: "machine", To: "coditect-app/license-api", Ports: []string{"9090"}},
			{From: "coditect-app/license-api", To: "Cloud KMS", Ports: []string{"8443"}},
			{From: "coditect-app/license-api", To: "Memorystore", Ports: []string{"6378"}},
			{From: "coditect-app/coditect-frontend", To: "Memorystore", Ports: []string{}, Dropped: 4, Trial: true},
			{From: "machine", To: "Memorystore", Ports: []string{}, Dropped: 2},
		},
		Denied: []page.Denied{{At: time.Now(), From: "coditect-app/coditect-frontend", To: "Memorystore", Text: "TCP 6378 from pod coditect-app/coditect-frontend-0 to Memorystore", Count: 4, Trial: true}},
	}
	w.audit = page.Audit{Entries: []page.Entry{
		{At: time.Now(), Source: "cloud", Who: "license-api@p.iam.gserviceaccount.com", Action: "AsymmetricSign", On: "license-signing/1", Outcome: "ok"},
		{At: time.Now(), Source: "ledger", Who: "user-1", Action: "lease.acquire", On: "demo", Outcome: "ok"},
		{At: time.Now(), Source: "ledger", Who: "user-1", Action: "request.refuse", On: "demo", Outcome: "forbidden", Bad: true},
		{At: time.Now(), Source: "ledger", Who: "דנה", Action: "license.create", On: "רישיון", Outcome: "ok"},
		{At: time.Now(), Source: "operation", Who: "Pulumi", Action: "create", On: "KeyRing license-keys", Outcome: "ok"},
	}}
	w.marks = []page.Mark{{At: time.Now(), Kind: "command", Text: "make up"}}
	w.book.Add(passed())
	w.book.Add(stopped())
	return w
}

func passed() requestlog.Passage {
	return requestlog.Passage{
		ID: "1", Time: time.Date(2026, 11, 23, 17, 3, 22, 0, time.UTC), Client: "203.0.113.9", Region: "DE", Method: "POST",
		Host: "licenses.coditect.ai", Path: "/v1/licenses/demo/acquire", Status: 200, Latency: "0.031210s",
		Steps: []requestlog.Step{
			{Layer: 1, Outcome: requestlog.Passed, Why: "let through by rate-limit-ban (10000)"},
			{Layer: 2, Outcome: requestlog.Passed, Why: "TLS as the policy asks for"},
			{Layer: 3, Outcome: requestlog.Passed, Why: "routed to coditect-app-license-api-80"},
			{Layer: 4, Outcome: requestlog.Passed, Why: "answered by the pod at 127.83.64.4"},
			{Layer: 5, Outcome: requestlog.Passed, Why: "answered with status 200"},
			{Layer: 7, Outcome: requestlog.Passed, Why: "logged with severity INFO"},
		},
	}
}

func stopped() requestlog.Passage {
	return requestlog.Passage{
		ID: "2", Time: time.Date(2026, 11, 23, 17, 3, 23, 0, time.UTC), Client: "198.51.100.7", Region: "KP", Method: "GET",
		Host: "licenses.coditect.ai", Path: "/health?q=%3Cscript%3Ealert(1)%3C/script%3E<script>alert(1)</script>", Status: 403, Latency: "0.001900s",
		StoppedBy: 1, Rule: "waf-xss (3100)",
		Steps: []requestlog.Step{
			{Layer: 1, Outcome: requestlog.Stopped, Why: "refused by waf-xss (3100): owasp-crs-v042200-id941100-xss"},
			{Layer: 7, Outcome: requestlog.Passed, Why: "logged with severity WARNING"},
		},
	}
}

func (w *fixture) State() page.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

func (w *fixture) Book() *requestlog.Book { return w.book }

func (w *fixture) Marks() []page.Mark { return w.marks }

func (w *fixture) Topology() page.Topology { return w.topology }

func (w *fixture) Seats(ctx context.Context) page.Seats {
	if w.deaf.Load() {
		<-ctx.Done()
		return page.Seats{Why: "PostgreSQL does not answer", Licenses: []page.License{}}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seats
}

func (w *fixture) Audit(context.Context) page.Audit { return w.audit }

func (w *fixture) Log(_ context.Context, p requestlog.Passage) []page.Line {
	return []page.Line{{At: p.Time, Source: "load balancer", Severity: "INFO", Text: "response_sent_by_backend", Fields: []page.Field{{Name: "userAgent", Value: "<b>curl</b>"}}}}
}

func (w *fixture) Playbook(name string) (string, bool) {
	return "# RedisMemoryHigh\n\nIt is `full`.\nSee [the other](waf-denial-surge.md) and [how](../operations.md#x).\n\n## Check\n\n1. Look:\n   ```sh\n   echo <b>\n   ```\n- done\n", name == "redis-memory-high.md"
}

func (w *fixture) Changes(notify func()) func() {
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

// readers is how many listen for changes.
func (w *fixture) readers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.notify)
}

// becomes changes the cloud and tells of it.
func (w *fixture) becomes(change func(*page.State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.state)
	for _, notify := range w.notify {
		notify()
	}
}
