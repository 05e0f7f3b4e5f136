package kubelet

import (
	"archive/tar"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// maxFile bounds one file of an image, in bytes.
const maxFile = 1 << 30

// keptImages is how many extracted images are kept.
const keptImages = 5

// image is an extracted image.
type image struct {
	root   string
	config v1.Config
}

// images pulls images and extracts each once.
type images struct {
	registry  string
	dir       string
	transport *http.Transport

	mu sync.Mutex // one pull at a time: two of the same would race
}

func newImages(config Config) *images {
	return &images{
		registry: config.Registry, dir: filepath.Join(config.Dir, "run"),
		transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: config.CA, MinVersion: tls.VersionTLS12}},
	}
}

func (s *images) close() { s.transport.CloseIdleConnections() }

// parse refuses what cannot be pulled here: only the local registry is ever
// dialled.
func (s *images) parse(reference string) (name.Reference, error) {
	parsed, err := name.ParseReference(reference)
	if err != nil {
		return nil, fmt.Errorf("the image %q is not a reference: %w", reference, err)
	}
	if host := parsed.Context().RegistryStr(); host != s.registry {
		return nil, fmt.Errorf("the image %q is in the registry %s; this machine pulls from %s only", reference, host, s.registry)
	}
	return parsed, nil
}

// pull returns the image, extracted. Its digest is checked on the way.
func (s *images) pull(ctx context.Context, reference string) (image, error) {
	parsed, err := s.parse(reference)
	if err != nil {
		return image{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pulled, err := remote.Image(parsed, remote.WithContext(ctx), remote.WithTransport(s.transport))
	if err != nil {
		return image{}, fmt.Errorf("pull the image %s: %w", reference, err)
	}
	config, err := pulled.ConfigFile()
	if err != nil {
		return image{}, fmt.Errorf("pull the image %s: read its configuration: %w", reference, err)
	}
	if config.OS != "linux" || config.Architecture != runtime.GOARCH {
		return image{}, fmt.Errorf("the image %s is for %s/%s, this machine is linux/%s", reference, config.OS, config.Architecture, runtime.GOARCH)
	}
	digest, err := pulled.Digest()
	if err != nil {
		return image{}, fmt.Errorf("pull the image %s: %w", reference, err)
	}
	root := filepath.Join(s.dir, digest.Hex, "root")
	// Its time says when it was used last; failing to set it means it is not there.
	if err := os.Chtimes(root, time.Now(), time.Now()); err == nil {
		return image{root, config.Config}, nil
	}
	if err := errors.Join(extract(pulled, root), s.prune()); err != nil {
		return image{}, fmt.Errorf("extract the image %s: %w", reference, err)
	}
	return image{root, config.Config}, nil
}

// prune removes all but the newest extracted images; a rollout needs two.
func (s *images) prune() error {
	roots, err := filepath.Glob(filepath.Join(s.dir, "*", "root"))
	if err != nil {
		return err
	}
	newest := map[string]time.Time{}
	for _, root := range roots {
		if info, err := os.Stat(root); err == nil {
			newest[root] = info.ModTime()
		}
	}
	slices.SortFunc(roots, func(a, b string) int { return newest[b].Compare(newest[a]) })
	var failures error
	for _, root := range roots[min(keptImages, len(roots)):] {
		failures = errors.Join(failures, os.RemoveAll(filepath.Dir(root)))
	}
	return failures
}

// extract writes the image's regular files below root, in one step: beside it
// first, so that an interruption leaves nothing that looks complete.
func extract(img v1.Image, root string) error {
	fresh := root + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return err
	}
	stream := mutate.Extract(img)
	defer stream.Close()
	for reader := tar.NewReader(stream); ; {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return os.Rename(fresh, root)
		}
		if err != nil {
			return err
		}
		if entry.Typeflag != tar.TypeReg {
			continue // folders follow from their files; a program needs no links here
		}
		if err := writeFile(filepath.Join(fresh, path.Clean("/"+entry.Name)), entry, reader); err != nil {
			return err
		}
	}
}

func writeFile(target string, entry *tar.Header, content io.Reader) error {
	if entry.Size > maxFile {
		return fmt.Errorf("%s has %d bytes, more than %d", entry.Name, entry.Size, maxFile)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, os.FileMode(entry.Mode)&0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// command is the program that a container runs, and its arguments: command
// replaces the image's entrypoint and its arguments, args replaces the latter.
func (i image) command(command, args []string) (program string, arguments []string, err error) {
	line := append(append([]string{}, command...), args...)
	if len(command) == 0 {
		line = append([]string{}, i.config.Entrypoint...)
		if len(args) == 0 {
			args = i.config.Cmd
		}
		line = append(line, args...)
	}
	if len(line) == 0 {
		return "", nil, errors.New("no command is given, neither by the image nor by the pod")
	}
	if !strings.HasPrefix(line[0], "/") {
		return "", nil, fmt.Errorf("the program %q must be an absolute path: the image has no shell to look for it", line[0])
	}
	program = filepath.Join(i.root, path.Clean(line[0]))
	if _, err := os.Stat(program); err != nil {
		return "", nil, fmt.Errorf("the program %q is not in the image", line[0])
	}
	return program, line[1:], nil
}

// environment is what a container runtime sets by itself. The process sees the
// machine's files instead of its own root, so the image's certificate
// authorities are named.
func (i image) environment(podName string) variables {
	all := variables{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "HOSTNAME": podName}
	if roots := filepath.Join(i.root, "etc/ssl/certs/ca-certificates.crt"); exists(roots) {
		all["SSL_CERT_FILE"] = roots
	}
	for _, variable := range i.config.Env {
		name, value, _ := strings.Cut(variable, "=")
		all[name] = value
	}
	return all
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
