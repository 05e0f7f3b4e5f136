package existing_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/address"
	"github.com/coditect-ai/license-platform/local/apiserver"
	"github.com/coditect-ai/license-platform/local/existing"
	"github.com/coditect-ai/license-platform/local/kubectl"
	"github.com/coditect-ai/license-platform/local/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/store"
)

func TestTheIngressOfTheIDEHasSeveralOwners(t *testing.T) {
	t.Parallel()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.json"))
	require.NoError(t, err)
	require.NoError(t, existing.Declare(s, address.Plan{Block: 77, EdgePort: 8443}, "CA"))
	live, there := s.Get(kubernetes.TypeIngress, existing.Namespace+"/"+existing.Ingress)
	require.True(t, there)
	var managers []string
	for _, owner := range apiserver.Owners(live.Outputs) {
		assert.Equal(t, "Update", owner.Operation)
		managers = append(managers, owner.Manager)
	}
	assert.Contains(t, managers, kubectl.ManagerClientSide)
	assert.Contains(t, managers, kubectl.ManagerAnnotate)
	assert.Contains(t, managers, "glbc")
}
