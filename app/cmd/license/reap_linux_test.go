package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/coditect-ai/license-platform/app/apptest/await"
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
	// Without what the developer's own shell tells the command.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "TEST_OF_LICENSE=main"}
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

// It runs in a process of its own, which gets the children of its children as the first one of a
// container does.
func TestAChildThatEndedBeforeTheSignalsWereAskedForLeavesNoZombie(t *testing.T) {
	if os.Getenv("TEST_OF_LICENSE") != "reap" {
		t.Parallel()
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "TEST_OF_LICENSE=reap")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
		require.Contains(t, string(output), "--- PASS: "+t.Name())
		return
	}
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	// The parent says which child it started, and ends before it.
	content, err := exec.CommandContext(t.Context(), "sh", "-c", `sleep 0.1 >&- 2>&- & echo $!`).Output()
	require.NoError(t, err)
	orphan, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	await.True(t, func() bool { return parentAndState(t, orphan) == strconv.Itoa(os.Getpid())+" Z" }, "a child of this process that has ended")
	reap(0)()
	require.NoDirExists(t, filepath.Join("/proc", strconv.Itoa(orphan)))
}

// parentAndState reads the process's entry in /proc (proc_pid_status(5)).
func parentAndState(t *testing.T, process int) string {
	file, err := os.Open(filepath.Join("/proc", strconv.Itoa(process), "status"))
	require.NoError(t, err)
	defer file.Close()
	var parent, state string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "PPid":
			parent = strings.TrimSpace(value)
		case "State":
			state = strings.Fields(value)[0]
		}
	}
	return parent + " " + state
}
