package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/process"
)

// errInterrupted is what an interrupted command ends with.
var errInterrupted = errors.New("interrupted; everything done so far is kept, and the next 'make up' carries on")

// orderly is how long an interrupted command has to end by itself. Then it ends as
// it is, with the programs that it has started: nobody waits longer than two seconds
// after Ctrl-C.
const orderly = 1500 * time.Millisecond

// settled is how long a command has to end once its programs are gone.
const settled = 200 * time.Millisecond

// bound makes a command end soon after the user interrupts it. Its context ends
// first, which lets it end in order. A second interruption ends the process at once.
func bound(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error {
		ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop)
		command.SetContext(ctx)
		ended := make(chan error, 1) // nobody may listen any more
		go func() { ended <- run(command, arguments) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		for _, patience := range []time.Duration{orderly, settled} {
			select {
			case err := <-ended:
				return err
			case <-time.After(patience):
				process.KillChildren(os.Getpid())
			}
		}
		return errInterrupted
	}
}

// interruptible runs work until it ends, or the user interrupts it.
func interruptible(command *cobra.Command, work func(ctx context.Context) error) error {
	err := work(command.Context())
	if err != nil && command.Context().Err() != nil {
		return errInterrupted
	}
	return err
}
