package kubernetes

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// managerOfCreation is who creates an object: the provider does not apply then,
// it posts (pulumi-kubernetes v4.33, provider/pkg/await/await.go, Creation).
const managerOfCreation = "pulumi-kubernetes"

// stored is the type of the object that is there.
func (t objectType) stored() string {
	if t.patches != "" {
		return t.patches
	}
	return t.token
}

// write gives the declared fields to the API server in the way the real provider
// does (pulumi-kubernetes v4.33, provider/pkg/await/await.go, Creation and
// ssaUpdate).
func (w *Cluster) write(t objectType, d *provider.Draft, present store.Resource) (apiserver.Object, error) {
	declared := apiserver.Object(d.Inputs)
	if present.ID == "" && t.patches == "" {
		merged, err := apiserver.Update(nil, t.defaulted(named(t, declared)), managerOfCreation)
		return merged, err
	}
	live := named(t, withoutStatus(present.Outputs))
	if d.Exists && t.patches == "" {
		live = apiserver.Rename(live, taken(), manager(d.Inputs, d.URN))
	}
	declared = ignoring(live, declared, manager(d.Inputs, d.URN), d.IgnoreChanges)
	if present.ID == "" {
		live = nil
	}
	merged, err := apiserver.Apply(live, named(t, declared), manager(d.Inputs, d.URN), forced(d, live))
	if err != nil {
		return nil, err
	}
	merged = t.defaulted(merged)
	return merged, t.valid(merged)
}

// taken are the field managers whose fields the real provider takes over before an update
// of an object, so that undeclared fields disappear. It does not do so for a patch
// (fixCSAFieldManagers).
func taken() []apiserver.Owner {
	return []apiserver.Owner{
		{Manager: "kubectl", Operation: "Apply"},
		{Manager: "kubectl", Operation: "Update"},
		{Manager: "before-first-apply", Operation: "Update"},
		{Manager: "pulumi-kubernetes", Operation: "Update"},
		{Manager: "pulumi-resource-kubernetes", Operation: "Update"},
	}
}

// manager is the field manager of one resource of a program: the one that an
// annotation names, else one of the provider's that nobody else has.
func manager(inputs provider.Properties, urn string) string {
	annotations := inputs.Object("metadata.annotations")
	if name, ok := annotations["pulumi.com/patchFieldManager"].(string); ok && name != "" {
		return name
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(urn)) // never fails
	return fmt.Sprintf("pulumi-kubernetes-%08x", sum.Sum32())
}

// forced tells whether fields of other managers are overwritten: by annotation,
// or when the object is so old that it has no managers (patchForce).
func forced(d *provider.Draft, live apiserver.Object) bool {
	annotations := d.Inputs.Object("metadata.annotations")
	return annotations["pulumi.com/patchForce"] == "true" || live != nil && len(apiserver.Owners(live)) == 0
}

// named makes sure that the object has an apiVersion and a kind: a program may leave them
// out, because the type of its resource implies them.
func named(t objectType, object apiserver.Object) apiserver.Object {
	whole := maps.Clone(object)
	if whole == nil { // what a patch changes may not be there
		whole = apiserver.Object{}
	}
	version, kind := t.identity()
	if text, _ := whole["apiVersion"].(string); text == "" {
		whole["apiVersion"] = version
	}
	if text, _ := whole["kind"].(string); text == "" {
		whole["kind"] = kind
	}
	return whole
}

// release takes out of an object what the patch alone declared of it: the rest
// stays, and has to be a valid object (pulumi-kubernetes v4.33,
// provider/pkg/ssa/actions.go, Relinquish).
func (w *Cluster) release(t objectType, r store.Resource) (store.Resource, error) {
	live := named(t, withoutStatus(r.Outputs))
	metadata := provider.Properties(r.Outputs).Object("metadata")
	nothing := apiserver.Object{"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": apiserver.Object{"name": metadata["name"], "namespace": metadata["namespace"]}}
	left, err := apiserver.Apply(live, nothing, manager(r.Inputs, r.URN), false)
	if err == nil {
		err = t.valid(left)
	}
	if err != nil {
		return r, err
	}
	if status, given := r.Outputs["status"]; given {
		left["status"] = status
	}
	r.URN, r.Inputs, r.Outputs = "", nil, left
	return r, nil
}

// valid checks the object that a write would leave, as the API server does.
func (t objectType) valid(object apiserver.Object) error {
	if t.empty == nil || t.check == nil {
		return nil
	}
	made := t.empty()
	if err := decode(object, made); err != nil {
		return fmt.Errorf("%s %q is invalid: %w", t.objectKind(), t.id(object), err)
	}
	var failed []error
	for _, failure := range t.check(made) {
		failed = append(failed, fmt.Errorf("%s %q is invalid: %s", t.objectKind(), t.id(object), failure.Reason))
	}
	return errors.Join(failed...)
}

func withoutStatus(outputs map[string]any) apiserver.Object {
	object := maps.Clone(outputs)
	delete(object, "status")
	return object
}
