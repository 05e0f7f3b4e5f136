// Package registry is Artifact Registry on this machine: an OCI registry whose
// repositories have to be created first, kept on disk.
package registry

import (
	"errors"
	"log/slog"
	"net/http"
)

// Registry is an http.Handler that speaks the OCI distribution protocol under
// /v2/. It is safe for concurrent use.
type Registry struct{}

var errNotBuilt = errors.New("not built yet")

// Open reads the registry kept in dir, or starts an empty one.
func Open(dir string, log *slog.Logger) (*Registry, error) { return nil, errNotBuilt }

// CreateRepository lets images be pushed below name, which is PROJECT/REPOSITORY.
// Creating what exists is no error.
func (r *Registry) CreateRepository(name string) error { return errNotBuilt }

// DeleteRepository removes a repository with its images; what does not exist is
// no error.
func (r *Registry) DeleteRepository(name string) error { return errNotBuilt }

// Repositories lists the repositories by name.
func (r *Registry) Repositories() []string { return nil }

// Images lists PATH@DIGEST of every image in a repository, by name.
func (r *Registry) Images(repository string) []string { return nil }

// ServeHTTP answers a registry client. A path outside the existing repositories
// gets 404 NAME_UNKNOWN, as from Artifact Registry.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {}
