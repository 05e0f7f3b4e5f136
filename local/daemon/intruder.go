package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"sync"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
)

// AttemptRequest is a request for an attempt from within the cluster's network.
type AttemptRequest struct {
	// From is the address of a pod; invalid means a pod of a foreign namespace, which
	// comes for the attempt and leaves.
	From netip.Addr `json:"from"`
	// To is dialled, and Words are said there.
	To    netip.AddrPort   `json:"to"`
	Words dataplane.Octets `json:"words,omitempty"`
}

// Attempt makes an attempt from within the cluster's network.
func (c *Client) Attempt(ctx context.Context, wanted AttemptRequest) (dataplane.Outcome, error) {
	var outcome dataplane.Outcome
	return outcome, c.call(ctx, http.MethodPost, "/attempt", wanted, &outcome)
}

// IntrudeRequest is a request for a move that replaces a pod's program.
type IntrudeRequest struct {
	// Pod is the address of a pod whose program runs.
	Pod  netip.Addr   `json:"pod"`
	Move sandbox.Move `json:"move"`
}

// Intrude makes a move as if it were a pod's program.
func (c *Client) Intrude(ctx context.Context, wanted IntrudeRequest) (sandbox.Result, error) {
	var result sandbox.Result
	return result, c.call(ctx, http.MethodPost, "/intrude", wanted, &result)
}

// intruder is the pod of a foreign namespace; it is there while it attempts
// something, one thing at a time.
type intruder struct {
	mu sync.Mutex
	ip netip.Addr // kept for the next time
}

func (d *Daemon) attempt(w http.ResponseWriter, r *http.Request) {
	var wanted AttemptRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if wanted.From.IsValid() {
		outcome, err := d.network.Attempt(r.Context(), wanted.From, wanted.To, wanted.Words)
		reply(w, outcome, err)
		return
	}
	outcome, err := d.intrude(r.Context(), wanted)
	reply(w, outcome, err)
}

func (d *Daemon) move(w http.ResponseWriter, r *http.Request) {
	var wanted IntrudeRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := d.network.Intrude(r.Context(), wanted.Pod, wanted.Move)
	reply(w, result, err)
}

func (d *Daemon) intrude(ctx context.Context, wanted AttemptRequest) (dataplane.Outcome, error) {
	d.intruder.mu.Lock()
	defer d.intruder.mu.Unlock()
	if !d.intruder.ip.IsValid() {
		ip, err := d.kubelet.AllocateIP()
		if err != nil {
			return dataplane.Outcome{}, fmt.Errorf("find an address for the intruder: %w", err)
		}
		d.intruder.ip = ip
	}
	guest, err := d.network.Join(kubelet.Pod{
		Namespace: "default", Name: "intruder", Labels: map[string]string{"app": "intruder"}, IP: d.intruder.ip,
	})
	if err != nil {
		return dataplane.Outcome{}, err
	}
	defer guest.Leave()
	return d.network.Attempt(ctx, d.intruder.ip, wanted.To, wanted.Words)
}
