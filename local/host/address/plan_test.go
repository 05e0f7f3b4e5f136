package address_test

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/host/address"
)

func TestEveryAddressButTheEdgeLiesInTheBlock(t *testing.T) {
	t.Parallel()
	plan := address.Plan{Block: 77, EdgePort: 8443}
	block := netip.MustParsePrefix("127.77.0.0/16")
	seen := map[netip.AddrPort]bool{}
	for _, service := range append(plan.Services(), plan.Metadata(), plan.Names()) {
		assert.True(t, block.Contains(service.Addr()), "%s", service)
		assert.False(t, seen[service], "%s is used twice", service)
		seen[service] = true
	}
	assert.Equal(t, "127.77.16.0/20", plan.PrivateServices().String())
	assert.Equal(t, "127.77.64.0/18", plan.Pods().String())
	assert.False(t, plan.Pods().Overlaps(plan.PrivateServices()))
	assert.Equal(t, "127.0.0.1:8443", plan.Edge().String())
}

func TestASecondCloneGetsAnotherBlock(t *testing.T) {
	t.Parallel()
	block, err := address.ChooseBlock("one clone")
	require.NoError(t, err)
	listener, err := net.Listen("tcp", address.Plan{Block: block}.Registry().String())
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Close()) }()
	other, err := address.ChooseBlock("one clone")
	require.NoError(t, err)
	assert.NotEqual(t, block, other)
}

func TestATakenEdgePortNamesTheWayOut(t *testing.T) {
	t.Parallel()
	plan := address.Plan{Block: 77, EdgePort: port.Free(t)}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(plan.EdgePort)))
	require.NoError(t, err)
	require.ErrorContains(t, address.CheckEdge(plan), "--edge-port")
	require.NoError(t, listener.Close())
	require.NoError(t, address.CheckEdge(plan))
}

func TestPlanRefusesWhatNoPlanCanBe(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]address.Plan{
		"a block below the first": {Block: 0, EdgePort: 8443},
		"a block above the last":  {Block: 255, EdgePort: 8443},
		"port 0":                  {Block: 77},
		"a port too high":         {Block: 77, EdgePort: 70000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, plan.Validate(), "must be between")
		})
	}
	require.NoError(t, address.Plan{Block: 77, EdgePort: 8443}.Validate())
}
