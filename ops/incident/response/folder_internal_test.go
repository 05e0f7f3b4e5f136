package response

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderThatIsClosedIsFreeThoughAChildThatIsBeingStartedHasItOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := openFolder(dir, header{Stack: "dev"})
	require.NoError(t, err)
	_, err = openFolder(dir, header{})
	require.ErrorContains(t, err, "another response works in")
	inherited, err := syscall.Dup(int(first.journal.file.Fd()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Close(inherited)) })

	require.NoError(t, first.close())
	second, err := openFolder(dir, header{})
	require.NoError(t, err)
	require.NoError(t, second.close())
}
