package command

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderInAShownCommandIsOneWordForTheShell(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "/tmp/cloud-1", quoted("/tmp/cloud-1"))
	for _, folder := range []string{"/tmp/my cloud", "/tmp/wölk", "it's", "$HOME/`id`", "a\"b", "", "~/x"} {
		output, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quoted(folder)).Output()
		require.NoError(t, err)
		assert.Equal(t, folder, string(output))
	}
}
