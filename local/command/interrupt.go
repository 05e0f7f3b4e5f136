package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// errStopped is wrapped by every error of a command that reports its interruption itself.
var errStopped = errors.New("interrupted")

// errInterrupted is what an interrupted command ends with.
var errInterrupted = fmt.Errorf("%w; everything done so far is kept, and the next 'make up' carries on", errStopped)

// afterInterruption is how a command ends that was interrupted: what failed because of that is
// nothing to look into.
func afterInterruption(err error) error {
	if err == nil || errors.Is(err, errStopped) {
		return err
	}
	return errInterrupted
}

// The times after an interruption. A command ends within two seconds after Ctrl-C,
// whatever it is doing.
const (
	// killProgramsAfter is when the programs are killed that a command has started and
	// still waits for.
	killProgramsAfter = 1500 * time.Millisecond
	// returnAfter is when the command returns, even if its work has not ended.
	returnAfter = 1700 * time.Millisecond
	// exitAfter is when the process exits, in case the command blocks while it writes
	// its message.
	exitAfter = 1900 * time.Millisecond
)

// interruptedCode is the exit code of a program that SIGINT has ended.
const interruptedCode = 128 + int(syscall.SIGINT)

// interruption makes commands end soon after they are interrupted.
type interruption struct {
	// after is the clock: time.After, or a test's.
	after func(time.Duration) <-chan time.Time
	// kill ends the programs that the command has started.
	kill func()
	// exit ends this process.
	exit func(code int)
}

func newInterruption() interruption {
	return interruption{after: time.After, kill: func() { process.KillChildren(os.Getpid()) }, exit: os.Exit}
}

// interruptions are the signals that interrupt a command. A closed terminal is one,
// unless the command was started to outlive it (nohup).
func interruptions(ignored func(os.Signal) bool) []os.Signal {
	all := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// bound makes a command end soon after the user interrupts it. Its context ends
// first, which lets it end in order. A second interruption does not wait for that.
func (e interruption) bound(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error {
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, interruptions(signal.Ignored)...)
		defer signal.Stop(interrupted)
		ctx, cancel := context.WithCancel(command.Context())
		defer cancel()
		command.SetContext(ctx)
		ended := make(chan error, 1) // nobody may listen any more
		go func() { ended <- run(command, arguments) }()
		select {
		case err := <-ended:
			return err
		case <-interrupted:
		}
		cancel()
		last := e.after(exitAfter)
		go func() {
			<-last
			e.exit(interruptedCode)
		}()
		killPrograms, limit := e.after(killProgramsAfter), e.after(returnAfter)
		for {
			select {
			case err := <-ended:
				return afterInterruption(err)
			case <-limit:
				return errInterrupted
			case <-interrupted:
				go e.kill()
			case <-killPrograms:
				go e.kill()
			}
		}
	}
}

// interruptible runs work until it ends, or the user interrupts it.
func interruptible(command *cobra.Command, work func(ctx context.Context) error) error {
	err := work(command.Context())
	if command.Context().Err() != nil {
		return afterInterruption(err)
	}
	return err
}
