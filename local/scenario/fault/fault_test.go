package fault_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/scenario/fault"
	"github.com/coditect-ai/license-platform/local/scenario/load"
)

func TestEveryFaultIsFoundByItsNameAndSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	names := fault.Names()
	require.Len(t, names, len(fault.All()))
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "no name comes twice")
	for _, name := range names {
		found, known := fault.Find(name)
		require.True(t, known, name)
		assert.Equal(t, name, found.Name)
		assert.NotEmpty(t, found.Effect, name)
		if found.Callers != "" {
			assert.Contains(t, load.Kinds(), found.Callers, name)
		}
	}
	_, known := fault.Find("everything")
	assert.False(t, known)
}
