package gcp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// secondConnection declares a connection in a network that has had one, with the
// range "theirs", before any program came.
func secondConnection(t *testing.T, inputs map[string]any) (ranges []any, err error) {
	t.Helper()
	c := newCloud(t)
	network, _ := c.must(gcp.TypeNetwork, "net", map[string]any{"name": "net"})
	for _, name := range []string{"theirs", "ours"} {
		c.must(gcp.TypeGlobalAddress, name, map[string]any{"name": name, "purpose": "VPC_PEERING", "addressType": "INTERNAL", "network": network})
	}
	declared := map[string]any{"network": network, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{"theirs"}}
	id, _ := c.must(gcp.TypeConnection, "before", declared)
	before, _ := c.store.Get(gcp.TypeConnection, id)
	before.URN = ""
	require.NoError(t, c.store.Put(before))
	for name, value := range inputs {
		declared[name] = value
	}
	_, _, err = c.create(gcp.TypeConnection, "connection", declared)
	after, exists := c.store.Get(gcp.TypeConnection, id)
	require.True(t, exists)
	return after.Outputs["reservedPeeringRanges"].([]any), err
}

func TestASecondConnectionWithOtherRangesIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	ranges, err := secondConnection(t, map[string]any{"reservedPeeringRanges": []any{"ours"}})
	require.ErrorContains(t, err, "Cannot modify allocated ranges in CreateConnection")
	require.ErrorContains(t, err, "Existing allocated IP ranges: [theirs]")
	assert.Equal(t, []any{"theirs"}, ranges)
}

func TestAConnectionThatUpdatesOnFailureDropsTheRangesThatItDoesNotName(t *testing.T) {
	t.Parallel()
	ranges, err := secondConnection(t, map[string]any{"reservedPeeringRanges": []any{"ours"}, "updateOnCreationFail": true})
	require.NoError(t, err)
	assert.Equal(t, []any{"ours"}, ranges, "as the provider does, without a word")
}

func TestAConnectionThatNamesAllRangesKeepsThem(t *testing.T) {
	t.Parallel()
	ranges, err := secondConnection(t, map[string]any{"reservedPeeringRanges": []any{"theirs", "ours"}, "updateOnCreationFail": true})
	require.NoError(t, err)
	assert.ElementsMatch(t, []any{"theirs", "ours"}, ranges, "Google has an order of its own")
}

func TestAnAbandonedConnectionStays(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	network := c.peering()
	connections := c.store.List(gcp.TypeConnection)
	require.Len(t, connections, 1)
	require.NoError(t, c.delete(gcp.TypeConnection, connections[0].ID))
	left, exists := c.store.Get(gcp.TypeConnection, connections[0].ID)
	require.True(t, exists, "Google still peers the network %s", network)
	assert.Empty(t, left.URN, "and no program has it")
}
