package process

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheStartTimeIsFoundWhateverAProgramIsCalled(t *testing.T) {
	t.Parallel()
	const fields = " S 1 2 3 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 100"
	for _, name := range []string{"(sleep)", "(a b)", "(x) S 1 (y)", "())"} {
		started, err := startTime("42 " + name + fields)
		require.NoError(t, err, name)
		assert.Equal(t, "987654", started, name)
	}
	identity, err := identify(os.Getpid())
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), stalePID(identity), "it recognises itself")
}

func FuzzStartTime(f *testing.F) {
	f.Add("1 (init) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 15 1 1")
	f.Add(")")
	f.Add("")
	f.Fuzz(func(t *testing.T, stat string) {
		if started, err := startTime(stat); err == nil {
			assert.NotEmpty(t, started)
		}
	})
}
