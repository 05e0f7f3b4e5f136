// Package store keeps what exists in the embedded cloud: every resource with
// its inputs and outputs, in the order of creation, in one file that survives a
// restart, or in memory. It is the single source of truth that the services are built from.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/emulator/watch"
)

// Resource is one thing that exists in the embedded cloud.
type Resource struct {
	// URN is the Pulumi name of the resource, empty for what existed before the
	// stack (the Cloud IDE's part of the world).
	URN string `json:"urn,omitempty"`
	// Type is Pulumi's type token, for example
	// "gcp:compute/securityPolicy:SecurityPolicy".
	Type string `json:"type"`
	// ID is unique within the type: the cloud's own id for Google resources,
	// "namespace/name" for Kubernetes objects ("name" when cluster-scoped).
	ID string `json:"id"`
	// Inputs are the properties as declared; Outputs are those plus what the
	// API computes. Secrets are plain here, so the file is private (0600).
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
	// Deleted is when a resource was deleted whose name is not free yet. Such a
	// resource does not exist: no list has it.
	Deleted time.Time `json:"deleted,omitzero"`
}

// Store is safe for concurrent use.
type Store struct {
	path    string
	replace Replace // nil: in memory only

	mu        sync.RWMutex
	resources []Resource

	changes watch.Changes
}

// New returns an empty store in memory.
func New() *Store { return &Store{} }

// Replace writes a private file in one step, so that an interruption leaves the old
// content or the new one.
type Replace func(path string, content []byte, mode fs.FileMode) error

// Open reads the store at path, or starts an empty one when there is no file. Every
// change is on disk before it counts.
func Open(path string, replace Replace) (*Store, error) {
	s := New()
	s.path, s.replace = path, replace
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the embedded cloud's store: %w", err)
	}
	if err := json.Unmarshal(content, &s.resources); err != nil {
		return nil, fmt.Errorf("the embedded cloud's store %s is damaged: %w; 'make down' starts afresh", path, err)
	}
	return s, nil
}

// Put creates the resource or replaces the one with the same type and id, and
// returns once it is kept.
func (s *Store) Put(r Resource) error {
	if r.Type == "" || r.ID == "" {
		return fmt.Errorf("a resource needs a type and an id, have type %q and id %q", r.Type, r.ID)
	}
	s.mu.Lock()
	next := slices.Clone(s.resources)
	if i := index(next, r.Type, r.ID); i >= 0 {
		next[i] = clone(r)
	} else {
		next = append(next, clone(r))
	}
	return s.commit(next)
}

// Delete removes the resource; a resource that does not exist is not an error.
func (s *Store) Delete(typ, id string) error {
	s.mu.Lock()
	next := slices.DeleteFunc(slices.Clone(s.resources), func(r Resource) bool {
		return r.Type == typ && r.ID == id
	})
	return s.commit(next)
}

// Get returns the resource with this type and id.
func (s *Store) Get(typ, id string) (Resource, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := index(s.resources, typ, id); i >= 0 && s.resources[i].Deleted.IsZero() {
		return clone(s.resources[i]), true
	}
	return Resource{}, false
}

// DeleteAndKeepName deletes the resource and remembers when, so that its name can be kept
// from others.
func (s *Store) DeleteAndKeepName(typ, id string, when time.Time) error {
	s.mu.Lock()
	next := slices.Clone(s.resources)
	if i := index(next, typ, id); i >= 0 {
		next[i] = Resource{Type: typ, ID: id, Deleted: when}
	}
	return s.commit(next)
}

// DeletedAt says when the resource with this type and id was deleted, if it was
// kept by DeleteAndKeepName and has not been made again.
func (s *Store) DeletedAt(typ, id string) (when time.Time, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := index(s.resources, typ, id); i >= 0 && !s.resources[i].Deleted.IsZero() {
		return s.resources[i].Deleted, true
	}
	return time.Time{}, false
}

// List returns the resources of the given types, all of them when none is
// given, in the order of creation.
func (s *Store) List(types ...string) []Resource {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Resource
	for _, r := range s.resources {
		if r.Deleted.IsZero() && (len(types) == 0 || slices.Contains(types, r.Type)) {
			found = append(found, clone(r))
		}
	}
	return found
}

// Subscribe calls notify after every change, outside of the store's lock, until
// the returned function is called.
func (s *Store) Subscribe(notify func()) (unsubscribe func()) { return s.changes.Add(notify) }

// commit is called with the lock held and releases it. The file is replaced in
// one step, so an interrupted write loses nothing.
func (s *Store) commit(next []Resource) error {
	err := s.keep(next)
	if err == nil {
		s.resources = next
	}
	s.mu.Unlock()
	if err == nil {
		s.changes.Tell()
	}
	return err
}

func (s *Store) keep(resources []Resource) error {
	if s.replace == nil {
		return nil
	}
	content, err := json.MarshalIndent(resources, "", " ")
	if err != nil {
		return fmt.Errorf("encode the embedded cloud's store: %w", err)
	}
	if err := s.replace(s.path, content, 0o600); err != nil {
		return fmt.Errorf("keep the embedded cloud's store: %w", err)
	}
	return nil
}

func index(resources []Resource, typ, id string) int {
	return slices.IndexFunc(resources, func(r Resource) bool { return r.Type == typ && r.ID == id })
}

// clone copies the top level of the maps; nested values are treated as
// immutable by everyone.
func clone(r Resource) Resource {
	r.Inputs, r.Outputs = maps.Clone(r.Inputs), maps.Clone(r.Outputs)
	return r
}
