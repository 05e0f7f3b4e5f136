// Package kubectl changes objects of the embedded cluster as kubectl does, with the same
// patches and the same field managers. It plays the owner of the Cloud IDE, who does not
// use Pulumi.
package kubectl

import (
	"encoding/json"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
)

// The names by which kubectl's commands own fields.
const (
	ManagerClientSide = "kubectl-client-side-apply"
	ManagerServerSide = "kubectl"
	ManagerAnnotate   = "kubectl-annotate"
)

// lastApplied is where "kubectl apply" keeps what it applied before.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Apply is "kubectl apply" of an Ingress: the fields of the manifest are set, fields that only
// the last manifest had are removed, and fields that others added stay. live is nil when the
// object does not exist.
func Apply(live, manifest apiserver.Object) (apiserver.Object, error) {
	text, err := json.Marshal(manifest)
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	stamped, err := annotate(manifest, lastApplied, string(text)+"\n")
	if err != nil {
		return nil, err
	}
	if live == nil {
		return apiserver.Update(nil, stamped, ManagerClientSide)
	}
	original := []byte(annotation(live, lastApplied))
	modified, err := json.Marshal(stamped)
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	current, err := json.Marshal(live)
	if err != nil {
		return nil, fmt.Errorf("encode the object: %w", err)
	}
	merged, err := merge(original, modified, current)
	if err != nil {
		return nil, fmt.Errorf("compare the manifest with the object: %w", err)
	}
	next := apiserver.Object{}
	if err := json.Unmarshal(merged, &next); err != nil {
		return nil, fmt.Errorf("decode the patched object: %w", err)
	}
	return apiserver.Update(live, next, ManagerClientSide)
}

// merge makes kubectl's three-way patch and applies it. An Ingress is the one type
// that is shared, so it is the one that is known.
func merge(original, modified, current []byte) ([]byte, error) {
	meta, err := strategicpatch.NewPatchMetaFromStruct(networkingv1.Ingress{})
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, meta, true)
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(current, patch, meta)
}

// ApplyServerSide is "kubectl apply --server-side", with --force-conflicts when
// force is true.
func ApplyServerSide(live, manifest apiserver.Object, force bool) (apiserver.Object, error) {
	return apiserver.Apply(live, manifest, ManagerServerSide, force)
}

// Annotate is "kubectl annotate --overwrite".
func Annotate(live apiserver.Object, key, value string) (apiserver.Object, error) {
	next, err := annotate(live, key, value)
	if err != nil {
		return nil, err
	}
	return apiserver.Update(live, next, ManagerAnnotate)
}

func annotation(object apiserver.Object, key string) string {
	metadata, _ := object["metadata"].(apiserver.Object)
	annotations, _ := metadata["annotations"].(apiserver.Object)
	value, _ := annotations[key].(string)
	return value
}

// annotate returns a copy of the object with one more annotation.
func annotate(object apiserver.Object, key, value string) (apiserver.Object, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode the object: %w", err)
	}
	copied := apiserver.Object{}
	if err := json.Unmarshal(text, &copied); err != nil {
		return nil, fmt.Errorf("decode the object: %w", err)
	}
	metadata, _ := copied["metadata"].(apiserver.Object)
	if metadata == nil {
		metadata = apiserver.Object{}
		copied["metadata"] = metadata
	}
	annotations, _ := metadata["annotations"].(apiserver.Object)
	if annotations == nil {
		annotations = apiserver.Object{}
		metadata["annotations"] = annotations
	}
	annotations[key] = value
	return copied, nil
}
