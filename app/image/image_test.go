package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/program"
	"github.com/coditect-ai/license-platform/app/image"
)

func build(t *testing.T, dir string) v1.Image {
	t.Helper()
	img, err := image.Build(t.Context(), image.Options{SourceDir: dir, Package: ".", Version: "1.2.3"})
	require.NoError(t, err)
	return img
}

// copyProgram puts the test program into another folder, with other times.
func copyProgram(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/program")))
	return dir
}

func TestTwoBuildsInTwoPlacesGiveTheSameDigest(t *testing.T) {
	t.Setenv("GOFLAGS", "-ldflags=-X=main.surprise=1")
	first, err := image.Digest(build(t, "testdata/program"))
	require.NoError(t, err)
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOAMD64", "v3")
	second, err := image.Digest(build(t, copyProgram(t)))
	require.NoError(t, err)
	assert.Equal(t, first, second)

	changed := copyProgram(t)
	source := filepath.Join(changed, "main.go")
	content, err := os.ReadFile(source)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(source, bytes.Replace(content, []byte("hello"), []byte("goodbye"), 1), 0o600))
	third, err := image.Digest(build(t, changed))
	require.NoError(t, err)
	assert.NotEqual(t, first, third, "another program is another image")
}

func TestTheImageHoldsTheProgramTheRootsAndNothingThatBelongsToAMachine(t *testing.T) {
	t.Parallel()
	img := build(t, "testdata/program")
	config, err := img.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, []string{"/license-api"}, config.Config.Entrypoint)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, map[string]struct{}{"8000/tcp": {}, "9090/tcp": {}}, config.Config.ExposedPorts)
	assert.Equal(t, "1.2.3", config.Config.Labels["org.opencontainers.image.version"])
	assert.Equal(t, "linux/amd64", config.OS+"/"+config.Architecture)
	assert.True(t, config.Created.Equal(time.Unix(0, 0)))

	files := contents(t, img)
	path := filepath.Join(t.TempDir(), "program")
	program.Write(t, path, files["license-api"])
	said, err := exec.Command(path).Output()
	require.NoError(t, err)
	assert.Equal(t, "hello from the image\n", string(said))
	assert.Contains(t, string(files["etc/passwd"]), "nonroot:x:65532:65532:")
	names := authorities(t, files["etc/ssl/certs/ca-certificates.crt"])
	assert.Contains(t, names, "GTS Root R1", "Google's APIs are verified by it")
	assert.Greater(t, len(names), 80)
}

// contents reads the one layer and checks every entry's owner, time and mode.
func contents(t *testing.T, img v1.Image) map[string][]byte {
	t.Helper()
	layers, err := img.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	stream, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer stream.Close()
	files := map[string][]byte{}
	for reader := tar.NewReader(stream); ; {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		assert.Zero(t, entry.Uid+entry.Gid, entry.Name)
		assert.Zero(t, entry.ModTime.Unix(), entry.Name)
		assert.Zero(t, entry.Mode&0o022, "%s: only root could write it", entry.Name)
		if entry.Typeflag == tar.TypeReg {
			files[entry.Name], err = io.ReadAll(reader)
			require.NoError(t, err)
		}
	}
}

func authorities(t *testing.T, text []byte) []string {
	t.Helper()
	var names []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		names = append(names, certificate.Subject.CommonName)
	}
	return names
}

func TestAPushUploadsOnceAndReturnsTheReferenceByDigest(t *testing.T) {
	t.Parallel()
	var writes atomic.Int32
	inner := registry.New(registry.Logger(discard()))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			writes.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = discard()
	server.StartTLS()
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	options := image.PushOptions{Repository: strings.TrimPrefix(server.URL, "https://") + "/project/repository/license-api", CA: ca}
	img := build(t, "testdata/program")
	want, err := image.Reference(options.Repository, img)
	require.NoError(t, err)

	reference, err := image.Push(t.Context(), options, img)
	require.NoError(t, err)
	assert.Equal(t, want, reference)
	assert.Positive(t, writes.Swap(0))
	parsed, err := name.NewDigest(reference)
	require.NoError(t, err)
	pulled, err := remote.Image(parsed, remote.WithTransport(server.Client().Transport))
	require.NoError(t, err)
	require.NoError(t, validate.Image(pulled))

	again, err := image.Push(t.Context(), options, img)
	require.NoError(t, err)
	assert.Equal(t, reference, again)
	assert.Zero(t, writes.Load(), "the registry has it already")

	_, err = image.Push(t.Context(), image.PushOptions{Repository: options.Repository}, img)
	assert.ErrorContains(t, err, "certificate", "an unknown authority is refused")

	options.Tag = "next-prod"
	_, err = image.Push(t.Context(), options, img)
	require.NoError(t, err)
	tagged := func(repository, tag string) string {
		reference, err := name.NewTag(repository + ":" + tag)
		require.NoError(t, err)
		found, err := remote.Head(reference, remote.WithTransport(server.Client().Transport))
		require.NoError(t, err)
		return found.Digest.String()
	}
	assert.Equal(t, parsed.DigestStr(), tagged(options.Repository, "next-prod"), "an image that is there already is tagged, too")

	options.Repository = strings.Replace(options.Repository, "license-api", "copied", 1)
	copied, err := image.Copy(t.Context(), options, reference)
	require.NoError(t, err)
	assert.Equal(t, options.Repository+"@"+parsed.DigestStr(), copied, "it is the same image")
	assert.Equal(t, parsed.DigestStr(), tagged(options.Repository, "next-prod"))
	_, err = image.Copy(t.Context(), options, strings.Replace(reference, parsed.DigestStr(), "sha256:"+strings.Repeat("0", 64), 1))
	require.ErrorContains(t, err, "read the image")
	_, err = image.Copy(t.Context(), options, "host.example/a/b:tag")
	assert.ErrorContains(t, err, "not an image by digest")
}

func TestWhatCannotBeBuiltSaysWhy(t *testing.T) {
	t.Parallel()
	for says, options := range map[string]image.Options{
		"must be linux/amd64 or linux/arm64": {SourceDir: "testdata/program", Package: ".", Platform: "windows/amd64"},
		"not the root of a Go module":        {SourceDir: t.TempDir()},
		"compile ./missing":                  {SourceDir: "testdata/program", Package: "./missing"},
	} {
		_, err := image.Build(t.Context(), options)
		assert.ErrorContains(t, err, says)
	}
	_, err := image.Push(t.Context(), image.PushOptions{Repository: "Not A Repository"}, build(t, "testdata/program"))
	assert.ErrorContains(t, err, "HOST/PROJECT/REPOSITORY/NAME")
}
