package command

import (
	"context"
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// errInterrupted is what an interrupted command ends with.
var errInterrupted = errors.New("interrupted; everything done so far is kept, and the next 'make up' carries on")

// interruptible runs work until it ends or the user interrupts, which lets it
// end in order. A second interruption ends the process at once.
func interruptible(command *cobra.Command, work func(ctx context.Context) error) error {
	ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := work(ctx)
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}
