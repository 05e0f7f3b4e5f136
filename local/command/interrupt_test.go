package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/daemon"
)

// clock is a time that only the test lets pass.
type clock struct {
	asked chan time.Duration
	alarm map[time.Duration]chan time.Time
}

func newClock() clock {
	c := clock{make(chan time.Duration, 3), map[time.Duration]chan time.Time{}}
	for _, d := range []time.Duration{killProgramsAfter, returnAfter, exitAfter} {
		c.alarm[d] = make(chan time.Time, 1)
	}
	return c
}

func (c clock) after(d time.Duration) <-chan time.Time {
	c.asked <- d
	return c.alarm[d]
}

// interrupted runs a command until it is at work, interrupts it, and waits until it
// has set its alarms.
func interrupted(t *testing.T, e interruption, c clock, work func(context.Context)) (ended <-chan error) {
	t.Helper()
	began := make(chan struct{})
	command := &cobra.Command{RunE: e.bound(func(command *cobra.Command, _ []string) error {
		close(began)
		work(command.Context())
		return nil
	}), SilenceErrors: true, SilenceUsage: true}
	command.SetArgs(nil)
	result := make(chan error, 1)
	go func() { result <- command.ExecuteContext(t.Context()) }()
	await.Receive(t, began)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	for range c.alarm {
		assert.Less(t, await.Receive(t, c.asked), 2*time.Second, "nobody waits longer after Ctrl-C")
	}
	return result
}

// Not parallel: the interruption goes to the whole process.
func TestAnInterruptedCommandEndsWithinTwoSecondsWhateverItDoes(t *testing.T) {
	t.Run("one that fails because of it says so, and not what failed", func(t *testing.T) {
		assert.NoError(t, afterInterruption(nil))
		assert.Equal(t, errInterrupted, afterInterruption(errors.New("list the packages: context canceled")))
		assert.EqualError(t, afterInterruption(fmt.Errorf("%w after 3 of 4 attacks", errStopped)), "interrupted after 3 of 4 attacks")
	})
	t.Run("one that ends in order", func(t *testing.T) {
		c := newClock()
		ended := interrupted(t, interruption{after: c.after}, c, func(ctx context.Context) { <-ctx.Done() })
		require.NoError(t, await.Receive(t, ended))
	})
	t.Run("one that waits for a program that does not listen", func(t *testing.T) {
		child := exec.Command("bash", "-c", "trap '' INT; sleep 60 & wait; wait")
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as the Pulumi CLI
		require.NoError(t, child.Start())
		t.Cleanup(func() { _ = child.Process.Kill() })
		c, e := newClock(), newInterruption()
		e.after, e.exit = c.after, nil
		ended := interrupted(t, e, c, func(context.Context) { _ = child.Wait() })
		c.alarm[killProgramsAfter] <- time.Time{}
		require.NoError(t, await.Receive(t, ended), "its program is gone")
	})
	t.Run("one whose user does not want to wait", func(t *testing.T) {
		c, killed := newClock(), make(chan struct{})
		ended := interrupted(t, interruption{after: c.after, kill: func() { close(killed) }}, c, func(context.Context) { <-killed })
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT), "a second time")
		require.NoError(t, await.Receive(t, ended))
	})
	t.Run("one that waits for nothing", func(t *testing.T) {
		c := newClock()
		ended := interrupted(t, interruption{after: c.after}, c, func(context.Context) { select {} })
		c.alarm[returnAfter] <- time.Time{}
		require.Equal(t, errInterrupted, await.Receive(t, ended))
	})
	t.Run("one that cannot say so, because nobody reads what it writes", func(t *testing.T) {
		c, code := newClock(), make(chan int, 1)
		interrupted(t, interruption{after: c.after, exit: func(with int) { code <- with }}, c, func(context.Context) { select {} })
		c.alarm[exitAfter] <- time.Time{}
		assert.Equal(t, 130, await.Receive(t, code))
		c.alarm[returnAfter] <- time.Time{}
	})
}

func TestAClosedTerminalInterruptsUnlessTheCommandIsToOutliveIt(t *testing.T) {
	t.Parallel()
	for _, ignored := range []bool{false, true} {
		found := interruptions(func(os.Signal) bool { return ignored })
		assert.Equal(t, !ignored, slices.Contains(found, os.Signal(syscall.SIGHUP)), "ignored by who started it, as nohup does: %v", ignored)
	}
}

// gone says that a process has ended, whether or not somebody has asked how.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestWhatCannotWaitTakesOverFromAnotherCommand(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"one that can be interrupted": `exec 9>>"$0"; flock 9; echo locked; exec sleep 60`,
		"one that does not listen":    `trap '' INT; exec 9>>"$0"; flock 9; echo locked; sleep 60 9>&-; sleep 60 9>&-`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			other := exec.Command("bash", "-c", script, daemon.LockFile(dir))
			said, err := other.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, other.Start())
			t.Cleanup(func() { _ = other.Process.Kill() })
			_, err = io.ReadFull(said, make([]byte, len("locked\n")))
			require.NoError(t, err)
			who, err := json.Marshal(daemon.Holder{Process: other.Process.Pid, Command: "local preview", Since: time.Now()})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(daemon.LockFile(dir), who, 0o600))

			var out strings.Builder
			a := &app{dir: dir, out: newPrinter(&out, &out)}
			_, _, err = a.locked()
			require.ErrorContains(t, err, "'local preview', process")
			_, release, err := a.takeOver(t.Context())
			require.NoError(t, err)
			release()
			assert.Contains(t, out.String(), "takes over from 'local preview'")
			assert.True(t, gone(other.Process.Pid))
		})
	}
}

func TestNobodyIsEndedWhoDoesNotHaveTheLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bystander := exec.Command("sleep", "60")
	require.NoError(t, bystander.Start())
	t.Cleanup(func() {
		_ = bystander.Process.Kill()
		_ = bystander.Wait()
	})
	release, err := lock(dir)
	require.NoError(t, err)
	defer release()
	who, err := json.Marshal(daemon.Holder{Process: bystander.Process.Pid, Command: "local preview", Since: time.Now()})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lock"), who, 0o600))
	_, _, err = (&app{dir: dir, out: newPrinter(io.Discard, io.Discard)}).takeOver(t.Context())
	require.ErrorContains(t, err, "another command works on this embedded cloud")
	assert.False(t, gone(bystander.Process.Pid))
}
