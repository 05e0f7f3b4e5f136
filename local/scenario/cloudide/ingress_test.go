package cloudide_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/emulator/apiserver"
	"github.com/coditect-ai/license-platform/local/emulator/kubectl"
	"github.com/coditect-ai/license-platform/local/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/emulator/store"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/scenario/cloudide"
)

func TestTheIngressOfTheIDEHasSeveralOwners(t *testing.T) {
	t.Parallel()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.json"))
	require.NoError(t, err)
	require.NoError(t, cloudide.Declare(s, address.Plan{Block: 77, EdgePort: 8443}, "CA"))
	live, there := s.Get(kubernetes.TypeIngress, cloudide.Namespace+"/"+cloudide.Ingress)
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
