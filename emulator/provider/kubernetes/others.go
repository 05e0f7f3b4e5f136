package kubernetes

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Ingress is the Ingress "namespace/name" as the API server returns it.
func (w *Cluster) Ingress(id string) (apiserver.Object, error) {
	present, exists := w.Store.Get(TypeIngress, id)
	if !exists {
		return nil, fmt.Errorf("ingresses.networking.k8s.io %q not found", id)
	}
	return present.Outputs, nil
}

// WriteIngress is a write of somebody who does not use Pulumi: change gets the live
// Ingress, nil when it does not exist, and returns the new one. What the API server would
// refuse changes nothing.
func (w *Cluster) WriteIngress(id string, change func(live apiserver.Object) (apiserver.Object, error)) (apiserver.Object, error) {
	t := ingressType()
	present, exists := w.Store.Get(TypeIngress, id)
	live := apiserver.Object(nil)
	if exists {
		live = named(t, withoutStatus(present.Outputs))
	}
	next, err := change(live)
	if err != nil {
		return nil, err
	}
	if err := t.valid(next); err != nil {
		return nil, err
	}
	metadata := maps.Clone(map[string]any(provider.Properties(next).Object("metadata")))
	revision, _ := strconv.Atoi(provider.Properties(present.Outputs).Text("metadata.resourceVersion")) // 0 of a new one
	metadata["resourceVersion"], metadata["generation"] = strconv.Itoa(revision+1), float64(revision+1)
	next["metadata"] = metadata
	if status, given := present.Outputs["status"]; given {
		next["status"] = status
	}
	written := store.Resource{URN: present.URN, Type: TypeIngress, ID: id, Inputs: present.Inputs, Outputs: next}
	return next, w.Store.Put(written)
}

func ingressType() objectType {
	for _, t := range builtIn() {
		if t.token == TypeIngress {
			return t
		}
	}
	return objectType{token: TypeIngress}
}
