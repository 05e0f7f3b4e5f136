package registry

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPathSaysWhichRepositoryItIsIn(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]target{
		"/v2/p/r/api/manifests/v1":       {"p/r", "p/r/api", "manifests", "v1"},
		"/v2/p/r/a/b/blobs/sha256:aa":    {"p/r", "p/r/a/b", "blobs", "sha256:aa"},
		"/v2/p/r/api/blobs/uploads/1234": {"p/r", "p/r/api", "blobs", "uploads/1234"},
		"/v2/p/r/api/tags/list":          {"p/r", "p/r/api", "tags", "list"},
		"/v2/p/r/manifests/v1":           {"", "p/r", "manifests", "v1"},
	} {
		got, ok := parseTarget(path)
		assert.True(t, ok, path)
		assert.Equal(t, want, got, path)
	}
	for _, path := range []string{"/v2/", "/v2", "/v2/_catalog", "/", ""} {
		_, ok := parseTarget(path)
		assert.False(t, ok, path)
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("/v2/p/r/api/manifests/v1")
	f.Add("/v2//manifests//")
	f.Fuzz(func(t *testing.T, path string) {
		got, ok := parseTarget(path)
		if ok && got.repository != "" {
			assert.True(t, strings.HasPrefix(got.image, got.repository+"/"), "an image is below its repository")
		}
	})
}
