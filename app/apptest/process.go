package apptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/output"
)

// find returns the program's path; a machine without it fails the test with the
// package that brings it.
func find(tb testing.TB, debian, name string, elsewhere ...string) string {
	tb.Helper()
	for _, pattern := range elsewhere {
		found, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		require.FailNow(tb, name+" is not installed: on Debian, install the package "+debian)
	}
	return path
}

// unprivileged makes a program see itself as an ordinary user when the test runs as
// root, because PostgreSQL refuses to be root.
func unprivileged() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		attributes.Cloneflags = syscall.CLONE_NEWUSER
		// initdb needs the name of its user, and every machine has the user nobody.
		const nobody = 65534
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 0, Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 0, Size: 1}}
	}
	return attributes
}

// child is a program that runs until it is stopped.
type child struct {
	command *exec.Cmd
	ended   chan struct{}
	said    *output.Text
}

// start runs the program. Pdeathsig follows the thread that started it, so that
// thread is kept for as long as the program runs.
func start(tb testing.TB, path string, arguments ...string) *child {
	tb.Helper()
	c := &child{command: exec.Command(path, arguments...), ended: make(chan struct{}), said: &output.Text{}}
	c.command.SysProcAttr, c.command.Stdout, c.command.Stderr = unprivileged(), c.said, c.said
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(c.ended)
		err := c.command.Start()
		started <- err
		if err == nil {
			// How it ends is seen by who asked for it.
			_ = c.command.Wait()
		}
	}()
	require.NoError(tb, await.Receive(tb, started), path)
	return c
}

// stop sends a signal and waits for the end.
func (c *child) stop(tb testing.TB, signal os.Signal) {
	tb.Helper()
	// It may have ended already.
	_ = c.command.Process.Signal(signal)
	select {
	case <-c.ended:
	case <-time.After(await.Limit):
		_ = c.command.Process.Kill()
		await.Receive(tb, c.ended)
		require.Fail(tb, "did not stop in time", c.said.String())
	}
}

// await polls until ready succeeds.
func (c *child) await(tb testing.TB, what string, ready func() error) {
	tb.Helper()
	deadline := time.Now().Add(await.Limit)
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-c.ended:
			require.FailNow(tb, what+" ended before it was ready", c.said.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			require.FailNow(tb, what+" is not ready after "+await.Limit.String()+": "+err.Error(), c.said.String())
		}
	}
}
