package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/scenario/drift"
)

// FaultRequest makes a part fail, or heals it.
type FaultRequest struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

// behindPulumi begins what is said of a drift.
const behindPulumi = "changed behind Pulumi's back: "

// drifts holds changes that were made without Pulumi and can be undone.
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
		all = append(all, fmt.Sprintf(behindPulumi+"%s (%s)", change.What, change.ID))
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

// drills adds the handlers of the commands for faults, drift and attacks. ctx is the
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
	mux.HandleFunc("POST /begin", d.begin)
	mux.HandleFunc("POST /attempt", d.attempt)
	mux.HandleFunc("POST /kubectl", d.serveKubectl)
	mux.HandleFunc("POST /forget", d.forget)
	mux.HandleFunc("POST /leave", d.leave)
	mux.HandleFunc("POST /intrude", d.move)
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		reply(w, d.history.passages(r.URL.Query().Get("trace")), nil)
	})
}
