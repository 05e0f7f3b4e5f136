package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFirstProcessOfAContainerLeavesNoZombies(t *testing.T) {
	t.Parallel()
	namespace := []string{"--pid", "--fork", "--mount-proc"}
	if err := exec.CommandContext(t.Context(), "unshare", append(namespace, "true")...).Run(); err != nil {
		t.Skip("this machine lets nobody make a namespace of processes")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	// A child of a child that has ended: it is the first process's then. It is there until that takes
	// note of its end, and the command does not wait for it for ever.
	const orphan = `(sh -c 'echo $$ >"$0"' "$0/pid" &); until [ -s "$0/pid" ]; do sleep 0.02; done
		tries=0; while [ -e /proc/$(cat "$0/pid") ]; do tries=$((tries + 1)); [ $tries -lt 500 ] || exit 9; sleep 0.02; done; exit 7`
	command := exec.CommandContext(t.Context(), "unshare", append(namespace, self, "run", "--", "sh", "-c", orphan, t.TempDir())...)
	command.Env = append(os.Environ(), "TEST_OF_LICENSE=main")
	s := newServer(t)
	for name, value := range s.environment() {
		command.Env = append(command.Env, name+"="+value)
	}
	output, err := command.CombinedOutput()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended, "%s", output)
	assert.Equal(t, 7, ended.ExitCode(), "%s", output)
	assert.Contains(t, s.called(), "release")
}
