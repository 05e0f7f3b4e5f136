package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/kubectl"
)

// The verbs of a KubectlRequest.
const (
	KubectlGet      = "get"
	KubectlApply    = "apply"
	KubectlAnnotate = "annotate"
)

// KubectlRequest is what somebody else, the IDE's owner, does to an Ingress.
type KubectlRequest struct {
	// Verb is one of the constants above.
	Verb string `json:"verb"`
	// Ingress is "namespace/name".
	Ingress string `json:"ingress"`
	// Manifest is what is applied, with ServerSide on the server's side, where Force
	// takes fields away from others.
	Manifest   apiserver.Object `json:"manifest,omitempty"`
	ServerSide bool             `json:"serverSide,omitempty"`
	Force      bool             `json:"force,omitempty"`
	// Annotations are set by name.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Kubectl reads or changes an Ingress as kubectl does, and returns it.
func (c *Client) Kubectl(ctx context.Context, wanted KubectlRequest) (apiserver.Object, error) {
	var object apiserver.Object
	return object, c.call(ctx, http.MethodPost, "/kubectl", wanted, &object)
}

func (d *Daemon) serveKubectl(w http.ResponseWriter, r *http.Request) {
	var wanted KubectlRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	object, err := d.kubectl(wanted)
	d.balancer.Sync() // the next request sees it
	reply(w, object, err)
}

func (d *Daemon) kubectl(wanted KubectlRequest) (apiserver.Object, error) {
	switch wanted.Verb {
	case KubectlGet:
		return d.cluster.Ingress(wanted.Ingress)
	case KubectlApply:
		return d.cluster.WriteIngress(wanted.Ingress, func(live apiserver.Object) (apiserver.Object, error) {
			if wanted.ServerSide {
				return kubectl.ApplyServerSide(live, wanted.Manifest, wanted.Force)
			}
			return kubectl.Apply(live, wanted.Manifest)
		})
	case KubectlAnnotate:
		if _, err := d.cluster.Ingress(wanted.Ingress); err != nil {
			return nil, err
		}
		return d.cluster.WriteIngress(wanted.Ingress, func(live apiserver.Object) (next apiserver.Object, err error) {
			for _, key := range slices.Sorted(maps.Keys(wanted.Annotations)) {
				if live, err = kubectl.Annotate(live, key, wanted.Annotations[key]); err != nil {
					return nil, err
				}
			}
			return live, nil
		})
	default:
		return nil, fmt.Errorf("kubectl has no verb %q here", wanted.Verb)
	}
}
