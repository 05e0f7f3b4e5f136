//go:build unix

package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheLastOneIsTheLastThoughAChildThatIsBeingStartedHasAnothersFileOpen(t *testing.T) {
	t.Parallel()
	s, session := &settings{server: "https://licenses.example", license: "demo"}, t.TempDir()
	environment := func(name string) string {
		return map[string]string{"XDG_RUNTIME_DIR": session, "TMPDIR": session}[name]
	}
	first, err := share(t.Context(), s, "laptop", environment)
	require.NoError(t, err)
	second, err := share(t.Context(), s, "laptop", environment)
	require.NoError(t, err)
	require.False(t, second.last())
	inherited, err := syscall.Dup(int(first.files[0].Fd()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Close(inherited)) })

	first.close()
	assert.True(t, second.last())
	second.close()
}
