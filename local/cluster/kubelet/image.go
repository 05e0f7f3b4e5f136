package kubelet

import (
	"archive/tar"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/file"
)

// maxFile bounds one file of an image, in bytes; it is kept in memory for a moment.
const maxFile = 256 << 20

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
	roots, err := file.Matching(s.dir, "*/root")
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

// extract writes the image's files below dir, in one step: first into a folder next to
// it, so that an interruption leaves nothing that looks complete. Nothing of the image
// can be written elsewhere, whatever its links say.
func extract(img v1.Image, dir string) (err error) {
	fresh := dir + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755), os.Chmod(fresh, 0o755)); err != nil {
		return err
	}
	root, err := os.OpenRoot(fresh)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	stream := mutate.Extract(img)
	defer stream.Close()
	for reader := tar.NewReader(stream); ; {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := write(root, entry, reader); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	if err := errors.Join(sandbox.Prepare(root), openFolders(fresh)); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// openFolders lets the pod's user, who is another than the one who extracts, into
// every folder, whatever the latter's umask.
func openFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		return err
	})
}

// write puts one entry of an image into its root. Devices and the like have no
// place in an image.
func write(root *os.Root, entry *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(path.Clean("/"+entry.Name), "/")
	if name == "" {
		return nil // the root itself
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch entry.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(entry.Linkname, name)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(path.Clean("/"+entry.Linkname), "/"), name)
	case tar.TypeReg:
		return writeFile(root, name, entry, content)
	default:
		return nil
	}
}

func writeFile(root *os.Root, name string, entry *tar.Header, content io.Reader) error {
	if entry.Size > maxFile {
		return fmt.Errorf("it has %d bytes, more than %d", entry.Size, maxFile)
	}
	all, err := io.ReadAll(io.LimitReader(content, entry.Size))
	if err != nil {
		return err
	}
	// A process that is forked meanwhile would keep the file open for writing for a moment
	// longer, and nobody can execute it until then (https://go.dev/issue/22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	mode := os.FileMode(entry.Mode) & 0o755
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(all)
	return errors.Join(err, file.Chmod(mode), file.Close()) // whatever the umask
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

// environment is what a container runtime sets by itself. Where pods have no file
// system of their own, the program sees the machine's instead of its image's, so the
// image's certificate authorities are named.
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
