package cloudide_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/kubectl"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func TestTheIngressOfTheIDEHasSeveralOwners(t *testing.T) {
	t.Parallel()
	s := store.New()
	require.NoError(t, cloudide.Declare(s, gcp.Addresses{Edge: netip.MustParseAddr("127.0.0.1"), TheirPrivateServices: netip.MustParsePrefix("127.77.32.0/20")}, "CA"))
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
