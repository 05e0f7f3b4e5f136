package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// RootsPath is where the image keeps the certificate authorities that the
// program trusts; Go looks there by itself.
const RootsPath = "/etc/ssl/certs/ca-certificates.crt"

// file is one file of the image's root, by its absolute path.
type file struct {
	path    string
	mode    int64
	content []byte
}

// rootFiles are all files of the image, in the order of the layer. The root
// file system is read-only in the cluster and has no shell.
func rootFiles(program []byte) []file {
	return []file{
		{"/etc/group", 0o444, []byte("root:x:0:\nnonroot:x:65532:\n")},
		{"/etc/nsswitch.conf", 0o444, []byte("hosts: files dns\n")},
		{"/etc/passwd", 0o444, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{RootsPath, 0o444, authorities()},
		{Entrypoint, 0o555, program},
	}
}

// authorities renders Mozilla's root certificates as pinned by go.sum: the
// machine's own list would make the digest differ between machines. A root that
// is trusted only with further conditions is left out, since the file cannot
// express them.
func authorities() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return text.Bytes()
}

// layerOf packs the files, and the folders above them, into an OCI layer that
// depends on nothing but its arguments.
func layerOf(files []file) (v1.Layer, error) {
	packed, err := pack(files)
	if err != nil {
		return nil, fmt.Errorf("pack the image's layer: %w", err)
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil },
		tarball.WithCompressedCaching, tarball.WithCompressionLevel(gzip.BestSpeed), tarball.WithMediaType(types.OCILayer),
	)
	if err != nil {
		return nil, fmt.Errorf("make the image's layer: %w", err)
	}
	return layer, nil
}

func pack(files []file) ([]byte, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	made := map[string]bool{}
	for _, f := range files {
		for _, folder := range foldersAbove(f.path) {
			if made[folder] {
				continue
			}
			made[folder] = true
			if err := writer.WriteHeader(header(tar.TypeDir, folder+"/", 0o755, 0)); err != nil {
				return nil, err
			}
		}
		if err := writer.WriteHeader(header(tar.TypeReg, f.path, f.mode, int64(len(f.content)))); err != nil {
			return nil, err
		}
		if _, err := writer.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// header belongs to root and to no particular time.
func header(kind byte, name string, mode, size int64) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: strings.TrimPrefix(name, "/"), Mode: mode, Size: size, ModTime: epoch, Format: tar.FormatUSTAR}
}

// foldersAbove lists /a and /a/b for /a/b/c.
func foldersAbove(name string) []string {
	parent := path.Dir(name)
	if parent == "/" {
		return nil
	}
	return append(foldersAbove(parent), parent)
}
