// Package registry is Artifact Registry on this machine: an OCI registry whose
// repositories have to be created first, kept on disk.
package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

// maxManifest bounds a manifest in bytes, as the OCI distribution
// specification advises.
const maxManifest = 4 << 20

// Registry is an http.Handler that speaks the OCI distribution protocol under
// /v2/. It is safe for concurrent use.
type Registry struct {
	disk  disk
	inner http.Handler

	mu           sync.RWMutex
	repositories map[string]bool
}

// Open reads the registry kept in dir, or starts an empty one.
func Open(dir string, log *slog.Logger) (*Registry, error) {
	d := disk{dir}
	if err := errors.Join(os.MkdirAll(d.blobs(), 0o700), os.MkdirAll(d.manifests(), 0o700)); err != nil {
		return nil, fmt.Errorf("make the image registry's folder: %w", err)
	}
	names, err := d.readRepositories()
	if err != nil {
		return nil, err
	}
	r := &Registry{
		disk: d, repositories: map[string]bool{},
		inner: registry.New(
			registry.Logger(slog.NewLogLogger(log.Handler(), slog.LevelDebug)),
			registry.WithBlobHandler(registry.NewDiskBlobHandler(d.blobs())),
		),
	}
	for _, name := range names {
		r.repositories[name] = true
	}
	manifests, err := d.readManifests()
	if err != nil {
		return nil, err
	}
	for _, m := range manifests {
		if err := r.restore(m); err != nil {
			return nil, err
		}
	}
	return r, d.sweep(manifests)
}

// restore puts a manifest that an earlier run accepted back into the inner
// registry, which keeps manifests in memory only.
func (r *Registry) restore(m manifest) error {
	request, err := http.NewRequest(http.MethodPut, m.path(), bytes.NewReader(m.Content))
	if err != nil {
		return fmt.Errorf("restore the image %s: %w", m.Image, err)
	}
	request.Header.Set("Content-Type", m.ContentType)
	answer := &recorder{header: http.Header{}}
	r.inner.ServeHTTP(answer, request)
	if answer.status != http.StatusCreated {
		return fmt.Errorf("restore the image %s: the registry answered %d: %s", m.Image, answer.status, answer.body.String())
	}
	return nil
}

// CreateRepository lets images be pushed below name, which is PROJECT/REPOSITORY. A
// repository that exists already is not an error.
func (r *Registry) CreateRepository(name string) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9.:-]*/[a-z][a-z0-9-]*$`).MatchString(name) {
		return fmt.Errorf("a repository is named PROJECT/REPOSITORY, in lower case letters, digits and '-'; it is %q", name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.repositories[name] = true
	return r.disk.writeRepositories(r.names())
}

// DeleteRepository removes a repository with its images; a repository that does not exist
// is not an error.
func (r *Registry) DeleteRepository(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repositories, name)
	manifests, err := r.disk.readManifests()
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if !strings.HasPrefix(m.Image, name+"/") {
			continue
		}
		if err := r.disk.removeManifest(m); err != nil {
			return err
		}
		request, err := http.NewRequest(http.MethodDelete, m.path(), nil)
		if err != nil {
			return fmt.Errorf("remove the image %s: %w", m.Image, err)
		}
		r.inner.ServeHTTP(&recorder{header: http.Header{}}, request)
	}
	return r.disk.writeRepositories(r.names())
}

// Repositories lists the repositories by name.
func (r *Registry) Repositories() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.names()
}

// Images lists PATH@DIGEST of every image in a repository, by name.
func (r *Registry) Images(repository string) ([]string, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	manifests, err := r.disk.readManifests()
	if err != nil {
		return nil, err
	}
	var images []string
	for _, m := range manifests {
		if strings.HasPrefix(m.Image, repository+"/") {
			images = append(images, m.Image+"@"+m.digest())
		}
	}
	slices.Sort(images)
	return slices.Compact(images), nil
}

// names is called with the lock held.
func (r *Registry) names() []string {
	var names []string
	for name := range r.repositories {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ServeHTTP answers a registry client. A path outside the existing repositories
// gets 404 NAME_UNKNOWN, as from Artifact Registry. A manifest is accepted when
// its digest is right and all it refers to is there.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	t, isImage := parseTarget(req.URL.Path)
	changesManifest := t.kind == "manifests" && (req.Method == http.MethodPut || req.Method == http.MethodDelete)
	limited := req.Body
	if changesManifest {
		limited = http.MaxBytesReader(w, req.Body, maxManifest)
	}
	// The whole body first. The inner registry holds a lock while it reads one; over
	// HTTP/2 that one could wait for ever, behind bodies that fill the connection while
	// their requests wait for the lock.
	content, err := io.ReadAll(limited)
	switch {
	case err != nil && changesManifest:
		refuse(w, http.StatusRequestEntityTooLarge, "MANIFEST_INVALID", "the manifest cannot be read or is larger than 4 MiB")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "BLOB_UPLOAD_INVALID", "the body cannot be read to its end")
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(content))
	// Read-locked for the rest of the request, so that none goes on in a repository
	// that is being deleted.
	r.mu.RLock()
	defer r.mu.RUnlock()
	if isImage && !r.repositories[t.repository] {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", fmt.Sprintf("Repository %q not found", t.repository))
		return
	}
	if !changesManifest {
		r.inner.ServeHTTP(w, req)
		return
	}
	m := manifest{Image: t.image, Reference: t.reference, ContentType: req.Header.Get("Content-Type"), Content: content}
	if req.Method == http.MethodPut {
		if code, message := r.check(m); code != "" {
			refuse(w, http.StatusBadRequest, code, message)
			return
		}
	}
	answer := &recorder{header: http.Header{}}
	r.inner.ServeHTTP(answer, req)
	if err := r.keep(req.Method, answer.status, m); err != nil {
		refuse(w, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return
	}
	answer.replay(w)
}

// keep brings the disk in line with what the inner registry has done.
func (r *Registry) keep(method string, status int, m manifest) error {
	switch {
	case method == http.MethodPut && status == http.StatusCreated:
		return r.disk.writeManifest(m)
	case method == http.MethodDelete && status == http.StatusAccepted:
		return r.disk.removeManifest(m)
	default:
		return nil
	}
}

// check returns an error code of the specification and why, or "".
func (r *Registry) check(m manifest) (code, message string) {
	if strings.Contains(m.Reference, ":") && m.Reference != m.digest() {
		return "DIGEST_INVALID", fmt.Sprintf("the manifest's digest is %s, not %s", m.digest(), m.Reference)
	}
	blobs, err := m.blobs()
	if err != nil {
		return "MANIFEST_INVALID", err.Error()
	}
	for _, digest := range blobs {
		if !r.disk.hasBlob(digest) {
			return "MANIFEST_BLOB_UNKNOWN", fmt.Sprintf("blob %s was not uploaded", digest)
		}
	}
	return "", ""
}

// target is what a path below /v2/ speaks of.
type target struct {
	repository, image, kind, reference string
}

// parseTarget splits /v2/PROJECT/REPOSITORY/NAME…/KIND/REFERENCE. Paths about
// no image (/v2/, the catalogue) are not ok.
func parseTarget(path string) (target, bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	for i := len(parts) - 1; i > 0; i-- {
		if slices.Contains([]string{"manifests", "blobs", "tags", "referrers"}, parts[i]) {
			t := target{image: strings.Join(parts[:i], "/"), kind: parts[i], reference: strings.Join(parts[i+1:], "/")}
			if i >= 3 {
				t.repository = strings.Join(parts[:2], "/")
			}
			return t, true
		}
	}
	return target{}, false
}

// refuse answers in the specification's form.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body := map[string]any{"errors": []map[string]string{{"code": code, "message": message}}}
	_ = json.NewEncoder(w).Encode(body) // the client is gone if this fails
}

// recorder holds an answer back until what it promises is on disk.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *recorder) replay(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = r.body.WriteTo(w) // the client is gone if this fails
}

var _ http.Handler = (*Registry)(nil)
