package apiserver

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/managedfields"
)

// Object is a Kubernetes object as plain values, with apiVersion and kind.
type Object = map[string]any

// Apply is a server-side apply: it sets the fields that manager declares now, removes
// fields that only it declared before, and keeps all others. live is nil when the object
// does not exist. Without force a field that another manager set to another value is a
// conflict, which the error names as the API server does.
func Apply(live, declared Object, manager string, force bool) (Object, error) {
	fields, liveObject, next, err := prepare(live, declared)
	if err != nil {
		return nil, err
	}
	unstructured.RemoveNestedField(next.Object, "metadata", "managedFields") // an apply must not name them
	merged, err := fields.Apply(liveObject, next, manager, force)
	if err != nil {
		return nil, err
	}
	return plain(merged)
}

// Update is every other write: it returns next, and manager owns the fields that differ
// from live from then on.
func Update(live, next Object, manager string) (Object, error) {
	fields, liveObject, nextObject, err := prepare(live, next)
	if err != nil {
		return nil, err
	}
	merged, err := fields.Update(liveObject, nextObject, manager)
	if err != nil {
		return nil, err
	}
	return plain(merged)
}

func prepare(live, next Object) (*managedfields.FieldManager, *unstructured.Unstructured, *unstructured.Unstructured, error) {
	nextObject, err := object(next)
	if err != nil {
		return nil, nil, nil, err
	}
	kind := nextObject.GroupVersionKind()
	liveObject := &unstructured.Unstructured{Object: Object{}}
	if live != nil {
		if liveObject, err = object(live); err != nil {
			return nil, nil, nil, err
		}
	}
	liveObject.SetGroupVersionKind(kind)
	fields, err := managedfields.NewDefaultFieldManager(managedfields.NewDeducedTypeConverter(), oneVersion{}, nothing{}, nothing{}, kind, kind.GroupVersion(), "", nil)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("track the fields of %s: %w", kind.Kind, err)
	}
	return fields, liveObject, nextObject, nil
}

// object copies properties into what the API server's code works with, in which
// whole numbers are integers.
func object(properties Object) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(properties)
	if err != nil {
		return nil, fmt.Errorf("encode the object: %w", err)
	}
	copied := Object{}
	if err := utiljson.Unmarshal(text, &copied); err != nil {
		return nil, fmt.Errorf("decode the object: %w", err)
	}
	made := &unstructured.Unstructured{Object: copied}
	if kind := made.GroupVersionKind(); kind.Kind == "" || strings.TrimSpace(kind.Version) == "" {
		return nil, fmt.Errorf("an object needs apiVersion and kind, have %q and %q", made.GetAPIVersion(), made.GetKind())
	}
	return made, nil
}

// plain is the way back, in which every number is a float64.
func plain(merged runtime.Object) (Object, error) {
	text, err := json.Marshal(merged)
	if err != nil {
		return nil, fmt.Errorf("encode the merged object: %w", err)
	}
	properties := Object{}
	if err := json.Unmarshal(text, &properties); err != nil {
		return nil, fmt.Errorf("decode the merged object: %w", err)
	}
	return properties, nil
}

// oneVersion converts nothing: every object here has a single version.
type oneVersion struct{}

func (oneVersion) Convert(_, _, _ any) error { return nil }

func (oneVersion) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}

func (oneVersion) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

// nothing defaults nothing and makes empty objects.
type nothing struct{}

func (nothing) Default(runtime.Object) {}

func (nothing) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	made := &unstructured.Unstructured{Object: Object{}}
	made.SetGroupVersionKind(kind)
	return made, nil
}
