// Package drift changes resources behind Pulumi's back, as a person with the
// console would, so that a refresh has something to find.
package drift

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Change is one property of one resource that was changed.
type Change struct {
	// What describes the change in a few words.
	What string `json:"what"`
	Type string `json:"type"`
	ID   string `json:"id"`
	// Property is the path of the changed property.
	Property string `json:"property"`
	Before   any    `json:"before"`
	After    any    `json:"after"`
}

// manualChange is a change that people make by hand, in the console.
type manualChange struct {
	what  string
	typ   string
	fits  func(inputs map[string]any) bool
	path  []string
	value any
}

// manualChanges are what Apply does.
func manualChanges() []manualChange {
	return []manualChange{
		{
			what: "the SQL injection rule of Cloud Armor only logs attacks",
			typ:  gcp.TypeSecurityPolicyRule,
			fits: func(inputs map[string]any) bool {
				text, _ := get(inputs, []string{"match", "expr", "expression"}).(string)
				return strings.HasPrefix(text, "evaluatePreconfiguredWaf('sqli-")
			},
			path: []string{"preview"}, value: true,
		},
		{
			what: "the Ingress answers unencrypted requests",
			typ:  kubernetes.TypeIngress,
			fits: func(map[string]any) bool { return true },
			path: []string{"metadata", "annotations", "kubernetes.io/ingress.allow-http"}, value: "true",
		},
		{
			what: "the database makes no more backups",
			typ:  gcp.TypeDatabaseInstance,
			fits: func(map[string]any) bool { return true },
			path: []string{"settings", "backupConfiguration", "enabled"}, value: false,
		},
	}
}

// ErrNothing says that none of the resources exists that could be changed.
var ErrNothing = errors.New("there is nothing to change: the stack is not up")

// Apply changes what it finds among the declared resources and returns what it did. undo
// restores the former values; it changes only values that are still as Apply left them.
// When an error is returned everything is as before.
func Apply(s *store.Store) (done []Change, undo func() error, err error) {
	var originals []store.Resource
	undo = func() error { return restore(s, originals, done) }
	for _, t := range manualChanges() {
		original, found := t.find(s)
		if !found {
			continue
		}
		if err := s.Put(t.apply(original)); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("change %s: %w", original.ID, err), undo())
		}
		originals = append(originals, original)
		done = append(done, Change{
			What: t.what, Type: t.typ, ID: original.ID, Property: strings.Join(t.path, "."),
			Before: get(original.Inputs, t.path), After: t.value,
		})
	}
	if len(done) == 0 {
		return nil, nil, ErrNothing
	}
	return done, undo, nil
}

// Left are the changes that were not repaired or removed since.
func Left(s *store.Store, done []Change) (left []Change) {
	for _, change := range done {
		if present, exists := s.Get(change.Type, change.ID); exists && get(present.Inputs, pathOf(change)) == change.After {
			left = append(left, change)
		}
	}
	return left
}

func restore(s *store.Store, originals []store.Resource, done []Change) error {
	var failed []error
	for i, original := range originals {
		path := pathOf(done[i])
		present, exists := s.Get(original.Type, original.ID)
		if !exists || get(present.Inputs, path) != done[i].After {
			continue // it was repaired or removed meanwhile
		}
		present.Inputs = with(present.Inputs, path, get(original.Inputs, path))
		present.Outputs = with(present.Outputs, path, get(original.Outputs, path))
		if err := s.Put(present); err != nil {
			failed = append(failed, fmt.Errorf("put %s back: %w", original.ID, err))
		}
	}
	return errors.Join(failed...)
}

// pathOf finds the path again: an annotation's name has dots of its own.
func pathOf(c Change) []string {
	for _, t := range manualChanges() {
		if t.typ == c.Type && strings.Join(t.path, ".") == c.Property {
			return t.path
		}
	}
	return nil
}

func (t manualChange) find(s *store.Store) (store.Resource, bool) {
	for _, r := range s.List(t.typ) {
		if r.URN != "" && t.fits(r.Inputs) && get(r.Inputs, t.path) != t.value {
			return r, true
		}
	}
	return store.Resource{}, false
}

// apply changes the inputs and the outputs: the API knows one value only.
func (t manualChange) apply(r store.Resource) store.Resource {
	r.Inputs, r.Outputs = with(r.Inputs, t.path, t.value), with(r.Outputs, t.path, t.value)
	return r
}

func get(object map[string]any, path []string) any {
	var value any = object
	for _, key := range path {
		inner, isObject := value.(map[string]any)
		if !isObject {
			return nil
		}
		value = inner[key]
	}
	return value
}

// with returns a copy of the object with another value at the path; nil removes the
// value. Values outside of the path are shared with the original.
func with(object map[string]any, path []string, value any) map[string]any {
	changed := maps.Clone(object)
	if changed == nil {
		changed = map[string]any{}
	}
	switch {
	case len(path) > 1:
		inner, _ := object[path[0]].(map[string]any)
		changed[path[0]] = with(inner, path[1:], value)
	case value == nil:
		delete(changed, path[0])
	default:
		changed[path[0]] = value
	}
	return changed
}
