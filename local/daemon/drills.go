package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coditect-ai/license-platform/local/drift"
	"github.com/coditect-ai/license-platform/local/frontdoor"
	"github.com/coditect-ai/license-platform/local/layer"
	"github.com/coditect-ai/license-platform/local/provider/gcp"
	"github.com/coditect-ai/license-platform/local/store"
	"github.com/coditect-ai/license-platform/local/trace"
)

// FaultRequest makes a part fail, or heals it.
type FaultRequest struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

// drifts holds what was changed behind Pulumi's back and can be put back.
type drifts struct {
	mu   sync.Mutex
	undo func() error
	done []drift.Change
}

// left says what is still as it was changed.
func (d *drifts) left(s *store.Store) (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, change := range drift.Left(s, d.done) {
		all = append(all, fmt.Sprintf("changed behind Pulumi's back: %s (%s)", change.What, change.ID))
	}
	return all
}

var errDrifted = errors.New("the cloud has drifted already and was not put back: 'go run ./local refresh' and 'make up' repair it")

func (d *drifts) apply(daemon *Daemon) ([]drift.Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	done, undo, err := drift.Apply(daemon.store)
	if errors.Is(err, drift.ErrNothing) && d.undo != nil {
		return nil, errDrifted
	}
	if err == nil {
		d.undo, d.done = undo, append(drift.Left(daemon.store, d.done), done...)
		daemon.auditDrift(done)
	}
	return done, err
}

func (d *drifts) restore() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.undo == nil {
		return nil
	}
	err := d.undo()
	d.undo, d.done = nil, nil
	return err
}

// drills adds what the commands for faults, drift and attacks ask for. ctx is the
// daemon's life.
func (d *Daemon) drills(ctx context.Context, mux *http.ServeMux) {
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var wanted FaultRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&wanted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		err := d.setFault(ctx, wanted.Name, wanted.Active)
		reply(w, d.faults.names(), err)
	})
	mux.HandleFunc("POST /drift", func(w http.ResponseWriter, _ *http.Request) {
		done, err := d.drifts.apply(d)
		d.balancer.Sync() // the next request sees it
		reply(w, done, err)
	})
	mux.HandleFunc("DELETE /drift", func(w http.ResponseWriter, _ *http.Request) {
		err := d.drifts.restore()
		d.balancer.Sync()
		reply(w, "restored", err)
	})
	mux.HandleFunc("POST /attempt", d.attempt)
	mux.HandleFunc("POST /intrude", d.move)
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		reply(w, d.passages(r.URL.Query().Get("trace")), nil)
	})
}

// passages tells the ways of the latest requests, the newest first; with a trace
// id only of those that carried it.
func (d *Daemon) passages(traceID string) []trace.Passage {
	names, found := d.ruleNames(), []trace.Passage{}
	for _, e := range d.frontDoor.Recent() {
		if traceID == "" || strings.HasSuffix(e.Trace, "/"+traceID) {
			found = append(found, d.passage(e, names))
		}
	}
	return found
}

// passage tells the way of a request. When no pod answered, a NetworkPolicy may be
// why.
func (d *Daemon) passage(e frontdoor.LogEntry, names trace.RuleName) trace.Passage {
	p := trace.Of(e, names)
	p.Because(layer.Workload, d.network.ExplainFrontEnds())
	return p
}

// ruleNames names the rules of Cloud Armor as the program calls them.
func (d *Daemon) ruleNames() trace.RuleName {
	byPriority := map[string]map[int]string{}
	for _, r := range d.store.List(gcp.TypeSecurityPolicyRule) {
		policy, _ := r.Outputs["securityPolicy"].(string)
		policy = short(policy)
		if byPriority[policy] == nil {
			byPriority[policy] = map[int]string{}
		}
		if priority, known := number(r.Outputs["priority"]); known {
			name := r.URN[strings.LastIndex(r.URN, ":")+1:]
			byPriority[policy][priority] = strings.TrimPrefix(name, "armor-")
		}
	}
	return func(policy string, priority int) string { return byPriority[policy][priority] }
}

// number reads a number that is an int when declared and a float64 when read back
// from the store's file.
func number(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case float64:
		return int(n), true
	default:
		return 0, false
	}
}
