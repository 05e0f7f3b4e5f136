package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// SetForgets says whether the Kubernetes provider forgets what it cannot reach. A plugin
// learns that from the environment of the command that starts it; the daemon runs
// already.
func (c *Client) SetForgets(ctx context.Context, forgets bool) error {
	var answer string
	return c.call(ctx, http.MethodPost, "/forget", forgets, &answer)
}

func (d *Daemon) forget(w http.ResponseWriter, r *http.Request) {
	var forgets bool
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&forgets); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.forgets.Store(forgets)
	reply(w, "noted", nil)
}

// failCluster deletes the cluster: nobody reaches its control plane, and the stack's pods
// are gone. What its controllers made outside of it stays, the load balancer with what it
// uses. After heal another cluster replaces it, with the IDE's objects and none of the
// stack's, and the load balancer of the old cluster is deleted, as if by hand.
func (d *Daemon) failCluster(ctx context.Context, active bool) error {
	var failed []error
	if active {
		for _, r := range d.store.List(kubernetes.TypeDeployment) {
			namespace, name, _ := strings.Cut(r.ID, "/")
			failed = append(failed, d.kubelet.DeleteDeployment(ctx, namespace, name))
		}
		return errors.Join(failed...)
	}
	for _, r := range d.store.List() {
		if r.URN != "" && strings.HasPrefix(r.Type, "kubernetes:") {
			failed = append(failed, d.lost(ctx, r))
		}
	}
	return errors.Join(errors.Join(failed...), cloudide.Declare(d.store, addresses(d.options.Plan), d.authority.PEM()))
}

// lost is an object that went with its cluster.
func (d *Daemon) lost(ctx context.Context, r store.Resource) error {
	namespace, name, _ := strings.Cut(r.ID, "/")
	var failed error
	if r.Type == kubernetes.TypeJob {
		failed = d.kubelet.DeleteJob(ctx, namespace, name)
	}
	return errors.Join(failed, d.store.Delete(r.Type, r.ID))
}
