package process_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/process"
)

func TestTheMemoryOfAProcessIsThatOfAllThatItHasStarted(t *testing.T) {
	t.Parallel()
	const taken = 64 << 20
	held := bytes.Repeat([]byte{1}, taken)
	assert.Greater(t, process.Memory(os.Getpid()), int64(taken))
	assert.EqualValues(t, taken, len(held))

	// A shell in a session of its own, that does not take part in its parent's groups.
	command := exec.Command("setsid", "sh", "-c", `x=$(head -c 20000000 /dev/zero | tr '\0' x); echo taken; read end; echo ${#x}`)
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	before := process.Memory(os.Getpid())
	require.NoError(t, command.Start())
	_, err = out.Read(make([]byte, 16))
	require.NoError(t, err)
	assert.Greater(t, process.Memory(command.Process.Pid), int64(20_000_000))
	assert.Greater(t, process.Memory(os.Getpid()), before+15_000_000)
	require.NoError(t, in.Close())
	_ = command.Wait()
	assert.Zero(t, process.Memory(command.Process.Pid), "it has ended")
}
