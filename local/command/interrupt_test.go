package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Not parallel: the interruption goes to the whole process.
func TestAnInterruptedCommandEndsWithinTwoSecondsWhateverItDoes(t *testing.T) {
	for name, test := range map[string]struct {
		work  func(ctx context.Context, child *exec.Cmd) error
		fails error
	}{
		"that ends in order":                            {func(ctx context.Context, _ *exec.Cmd) error { <-ctx.Done(); return nil }, nil},
		"that waits for nothing":                        {func(context.Context, *exec.Cmd) error { select {} }, errInterrupted},
		"that waits for a program that does not listen": {func(_ context.Context, child *exec.Cmd) error { return child.Wait() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			child := exec.Command("bash", "-c", "trap '' INT; sleep 60 & wait; wait")
			child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as the Pulumi CLI
			require.NoError(t, child.Start())
			defer func() { _ = child.Wait() }()
			began := make(chan struct{})
			command := &cobra.Command{RunE: bound(func(command *cobra.Command, _ []string) error {
				close(began)
				_ = test.work(command.Context(), child)
				return nil
			}), SilenceErrors: true, SilenceUsage: true}
			command.SetArgs(nil)
			ended := make(chan error, 1)
			go func() { ended <- command.ExecuteContext(t.Context()) }()
			<-began
			asked := time.Now()
			require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
			select {
			case err := <-ended:
				assert.Equal(t, test.fails, err)
				assert.Less(t, time.Since(asked), 4*time.Second, "2 s, on a machine that is not busy")
			case <-time.After(20 * time.Second):
				t.Fatal("it does not end")
			}
			if name != "that ends in order" {
				require.Eventually(t, func() bool { return gone(child.Process.Pid) }, 10*time.Second, 10*time.Millisecond, "its programs end, too")
			}
			_ = child.Process.Kill()
		})
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
			other := exec.Command("bash", "-c", script, lockFile(dir))
			said, err := other.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, other.Start())
			t.Cleanup(func() { _ = other.Process.Kill() })
			_, err = io.ReadFull(said, make([]byte, len("locked\n")))
			require.NoError(t, err)
			who, err := json.Marshal(holder{other.Process.Pid, "local preview", time.Now()})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(lockFile(dir), who, 0o600))

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
	who, err := json.Marshal(holder{bystander.Process.Pid, "local preview", time.Now()})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lock"), who, 0o600))
	_, _, err = (&app{dir: dir, out: newPrinter(io.Discard, io.Discard)}).takeOver(t.Context())
	require.ErrorContains(t, err, "another command works on this embedded cloud")
	assert.False(t, gone(bystander.Process.Pid))
}
