package daemon

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// maxRequests is how many of the latest requests the history has.
const maxRequests = 500

// history keeps requests with the names of their time: a rule that was deleted since
// keeps its name there.
type history struct {
	// explain says why no pod answered, when a NetworkPolicy may be the reason.
	explain func() string

	mu       sync.Mutex
	rules    map[string]map[int]string // the names of rules by policy and priority
	latest   []requestlog.Passage      // the oldest first
	watchers watch.List[requestlog.Passage]
}

func newHistory(explain func() string) *history {
	return &history{explain: explain, rules: map[string]map[int]string{}}
}

// learn takes the names of the rules of Cloud Armor, as the program calls them. The
// name of one that is gone stays known until another takes its priority: the load
// balancer may still be deciding by it.
func (h *history) learn(rules []store.Resource) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range rules {
		outputs := provider.Properties(r.Outputs)
		policy, name := short(outputs.Text("securityPolicy")), r.URN[strings.LastIndex(r.URN, ":")+1:]
		if h.rules[policy] == nil {
			h.rules[policy] = map[int]string{}
		}
		switch priority := outputs["priority"].(type) { // an int when declared, a float64 when read back from the store's file
		case int:
			h.rules[policy][priority] = strings.TrimPrefix(name, "armor-")
		case float64:
			h.rules[policy][int(priority)] = strings.TrimPrefix(name, "armor-")
		}
	}
}

// add records a request that has just ended, and notifies the readers.
func (h *history) add(e loadbalancer.LogEntry) {
	h.mu.Lock()
	p := requestlog.Of(e, func(policy string, priority int) string { return h.rules[policy][priority] })
	h.mu.Unlock()
	if p.StoppedBy == layer.Workload {
		p.Because(layer.Workload, h.explain())
	}
	h.mu.Lock()
	h.latest = append(h.latest, p)
	if len(h.latest) > maxRequests {
		h.latest = slices.Delete(h.latest, 0, 1)
	}
	h.mu.Unlock()
	h.watchers.Tell(p)
}

// passages are the ways of the latest requests, the newest first; with a trace id
// only of those that carried it.
func (h *history) passages(traceID string) []requestlog.Passage {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := []requestlog.Passage{}
	for _, p := range slices.Backward(h.latest) {
		if traceID == "" || p.Trace == traceID {
			found = append(found, p)
		}
	}
	return found
}

// keepHistory records every request until ctx ends.
func (d *Daemon) keepHistory(ctx context.Context, group *errgroup.Group) {
	d.history = newHistory(d.network.ExplainFrontEnds)
	learn := func() { d.history.learn(d.store.List(gcp.TypeSecurityPolicyRule)) }
	learn()
	stops := []func(){d.store.Subscribe(learn), d.loadBalancer.Watch(d.history.add)}
	group.Go(func() error {
		<-ctx.Done()
		for _, stop := range stops {
			stop()
		}
		return nil
	})
}
