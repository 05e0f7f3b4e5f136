package constraint_test

import (
	"maps"
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// again asks what the next update would change of what was made or updated with these
// inputs, and whether it would replace it.
func (w *fixture) again(m made, ignored ...string) (paths []string, replaces bool) {
	w.t.Helper()
	response, err := w.server(m.typ).Diff(w.t.Context(), &pulumirpc.DiffRequest{
		Id: w.ids[m.urn()], Urn: m.urn(), Olds: w.responses[m.urn()], OldInputs: w.wire(m.inputs), News: w.wire(m.inputs), IgnoreChanges: ignored,
	})
	require.NoError(w.t, err)
	return slices.Sorted(maps.Keys(response.GetDetailedDiff())), len(response.GetReplaces()) > 0
}

// https://github.com/hashicorp/terraform-provider-google/issues/19443
func TestARuleThatOnlyLogsIsNotEnforcedByAnUpdate(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	policy := made{gcp.TypeSecurityPolicy, "armor", map[string]any{"name": "armor"}}
	rule := func(preview bool) made {
		return made{gcp.TypeSecurityPolicyRule, "regions", map[string]any{
			"securityPolicy": "armor", "priority": 1000, "action": "deny(403)", "preview": preview,
			"match": map[string]any{"expr": map[string]any{"expression": "origin.region_code == 'XX'"}},
		}}
	}
	w.make(policy, rule(true))
	require.NoError(t, w.update(rule(false)))
	present, exists := w.store.Get(gcp.TypeSecurityPolicyRule, w.ids[rule(false).urn()])
	require.True(t, exists)
	assert.Equal(t, true, present.Inputs["preview"], "it goes on logging only")
	paths, _ := w.again(rule(false))
	assert.Equal(t, []string{"preview"}, paths, "each further update tries it again")

	require.NoError(t, w.delete(rule(false)))
	w.make(rule(false))
	paths, _ = w.again(rule(false))
	assert.Empty(t, paths, "a new one is enforced")
}

// https://github.com/hashicorp/terraform-provider-google/issues/24718
func TestAClusterWhoseProgramDoesNotSayWhatGKESwitchesOnIsReplaced(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	cluster := made{gcp.TypeCluster, "one", map[string]any{"name": "one", "location": region, "initialNodeCount": 1, "nodeConfig": map[string]any{"diskType": "pd-standard"}}}
	w.make(cluster)
	paths, replaces := w.again(cluster)
	assert.Equal(t, []string{"enableL4IlbSubsetting"}, paths)
	assert.True(t, replaces)
	cluster = made{gcp.TypeCluster, "two", map[string]any{"name": "two", "location": region, "initialNodeCount": 1, "nodeConfig": map[string]any{"diskType": "pd-standard"}, "enableL4IlbSubsetting": true}}
	w.make(cluster)
	paths, _ = w.again(cluster)
	assert.Empty(t, paths)
}

func TestWhatGoogleAnswersInItsOwnWayDiffersUnlessItIsIgnored(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	cluster := made{gcp.TypeCluster, "one", map[string]any{"name": "one", "location": region, "initialNodeCount": 1, "nodeConfig": map[string]any{"diskType": "pd-standard"}, "enableL4IlbSubsetting": true}}
	nodes := made{gcp.TypeNodePool, "nodes", map[string]any{"name": "nodes", "cluster": "one", "location": region, "nodeConfig": map[string]any{"machineType": "e2-small"}}}
	w.make(cluster, nodes)
	paths, _ := w.again(nodes)
	assert.Equal(t, []string{"nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"}, paths)
	paths, _ = w.again(nodes, "nodeConfig.kubeletConfig", "nodeConfig.resourceLabels")
	assert.Empty(t, paths)
}
