package registry_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/google/registry"
)

const repository = "coditect-cloud-infra/licenses"

func serve(t *testing.T, dir string) (*registry.Registry, *httptest.Server) {
	t.Helper()
	r, err := registry.Open(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return r, server
}

func reference(t *testing.T, server *httptest.Server, image, suffix string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "https://") + "/" + image + suffix)
	require.NoError(t, err)
	return ref
}

func newImage(t *testing.T) (v1.Image, string) {
	t.Helper()
	img, err := random.Image(1000, 2)
	require.NoError(t, err)
	digest, err := img.Digest()
	require.NoError(t, err)
	return img, digest.String()
}

func TestAnImageIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, server := serve(t, dir)
	require.NoError(t, r.CreateRepository(repository))
	img, digest := newImage(t)
	require.NoError(t, remote.Write(reference(t, server, repository+"/license-api", ":v1"), img, remote.WithTransport(server.Client().Transport)))
	server.Close()

	r, server = serve(t, dir)

	assert.Equal(t, []string{repository}, r.Repositories())
	images, err := r.Images(repository)
	require.NoError(t, err)
	assert.Equal(t, []string{repository + "/license-api@" + digest}, images)
	for _, suffix := range []string{":v1", "@" + digest} {
		pulled, err := remote.Image(reference(t, server, repository+"/license-api", suffix), remote.WithTransport(server.Client().Transport))
		require.NoError(t, err, suffix)
		assert.NoError(t, validate.Image(pulled), suffix)
	}
}

func TestARepositoryHasToBeCreatedBeforeAPush(t *testing.T) {
	t.Parallel()
	r, server := serve(t, t.TempDir())
	img, _ := newImage(t)
	push := func(image string) error {
		return remote.Write(reference(t, server, image, ":v1"), img, remote.WithTransport(server.Client().Transport))
	}
	assert.ErrorContains(t, push(repository+"/license-api"), "NAME_UNKNOWN: Repository \"coditect-cloud-infra/licenses\" not found")
	require.NoError(t, r.CreateRepository(repository))
	require.NoError(t, r.CreateRepository(repository), "twice is no error")
	assert.NoError(t, push(repository+"/license-api"))
	assert.ErrorContains(t, push("coditect-cloud-infra/other/license-api"), "NAME_UNKNOWN")
	assert.ErrorContains(t, push(repository), "NAME_UNKNOWN", "an image has a name below its repository")
	assert.ErrorContains(t, r.CreateRepository("no-project"), "PROJECT/REPOSITORY")
}

func TestADeletedRepositoryTakesItsImagesWithIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, server := serve(t, dir)
	require.NoError(t, r.CreateRepository(repository))
	img, digest := newImage(t)
	ref := reference(t, server, repository+"/license-api", "@"+digest)
	require.NoError(t, remote.Write(ref, img, remote.WithTransport(server.Client().Transport)))

	require.NoError(t, r.DeleteRepository(repository))
	require.NoError(t, r.CreateRepository(repository))

	_, err := remote.Head(ref, remote.WithTransport(server.Client().Transport))
	assert.ErrorContains(t, err, "404")
	serve(t, dir)
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	require.NoError(t, err)
	assert.Empty(t, blobs, "the next start tidies up")
}

func TestAManifestThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	r, server := serve(t, t.TempDir())
	require.NoError(t, r.CreateRepository(repository))
	absent := "sha256:" + strings.Repeat("a", 64)
	for code, c := range map[string]struct{ reference, content string }{
		"DIGEST_INVALID":        {absent, `{}`},
		"MANIFEST_BLOB_UNKNOWN": {"v1", `{"config":{"digest":"` + absent + `"}}`},
		"MANIFEST_INVALID":      {"v1", `nonsense`},
	} {
		request, err := http.NewRequest(http.MethodPut, server.URL+"/v2/"+repository+"/license-api/manifests/"+c.reference, strings.NewReader(c.content))
		require.NoError(t, err)
		answer, err := server.Client().Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		assert.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
		assert.Contains(t, string(body), code)
	}
}

func TestADamagedRegistryNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "repositories.json"), []byte("{"), 0o600))
	_, err := registry.Open(dir, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "repositories.json is damaged")
}

func TestLayersThatShareAConnectionDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	r, err := registry.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, r.CreateRepository(repository))
	server := httptest.NewUnstartedServer(r)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	// More than all streams of a connection may have under way together.
	img, err := random.Image(3<<20, 6)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	require.NoError(t, remote.Write(reference(t, server, repository+"/license-api", ":v1"), img,
		remote.WithTransport(server.Client().Transport), remote.WithContext(ctx), remote.WithJobs(6)))
}
