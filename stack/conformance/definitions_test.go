//go:build conformance

package conformance_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s/customresource"
)

// installDefinitions gives the server GKE's custom resources.
func installDefinitions(t *testing.T, s *apiServer) {
	t.Helper()
	manifests, err := customresource.Definitions()
	require.NoError(t, err)
	for _, manifest := range manifests {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal(manifest, &object))
		status, answer, warnings := s.apply(t, object, false)
		require.Equal(t, http.StatusCreated, status, answer)
		require.Empty(t, warnings)
		group := object["spec"].(map[string]any)["group"].(string)
		version := object["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)["name"].(string)
		plural := object["spec"].(map[string]any)["names"].(map[string]any)["plural"].(string)
		require.Eventually(t, func() bool {
			status, _, _ := s.do(t, http.MethodGet, "/apis/"+group+"/"+version+"/"+plural, "", nil)
			return status == http.StatusOK
		}, 20*time.Second, 100*time.Millisecond, "%s is not served", plural)
	}
}
