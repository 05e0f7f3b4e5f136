package command

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/engine"
)

func (a *app) up() *cobra.Command {
	command := &cobra.Command{
		Use:   "up",
		Short: "Bring the whole stack up and leave it running",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, a.runUp)
		},
	}
	a.edgeFlags(command)
	a.targetFlag(command)
	command.Flags().BoolVar(&a.takesOver, "take-over", false, "end another command that works on this embedded cloud, instead of leaving it alone")
	return command
}

func (a *app) runUp(ctx context.Context) error {
	claim := a.locked
	if a.takesOver {
		claim = func() (string, func(), error) { return a.takeOver(ctx) }
	}
	dir, release, err := claim()
	if err != nil {
		return err
	}
	defer release()
	c, err := a.bring(ctx, dir, true)
	if err != nil {
		return err
	}
	if err := c.prepared(); err != nil {
		return err
	}
	shown := newProgress(a.out, a.verbose)
	var outputs engine.Outputs
	err = a.out.during("update", func() error {
		stop := a.tellDenials(ctx, c.daemon)
		defer stop()
		if err := c.engine.Recover(ctx); err != nil {
			return err
		}
		outputs, err = c.engine.Up(ctx, shown.watch, a.targets...)
		return err
	})
	if err != nil {
		return err
	}
	a.out.say("%s", shown.outcome())
	status, err := c.daemon.Status(ctx)
	if err != nil {
		return err
	}
	written, err := c.writeEndpoints(outputs, status)
	if err != nil {
		return err
	}
	a.out.line("")
	a.printLayers(status)
	a.out.line("")
	a.printNext(dir, c.daemon.Record.Page, written)
	a.out.line("%s in %.1f s (%s)", a.out.green("up"), time.Since(a.out.started).Seconds(), a.out.summary())
	return a.complain(status)
}

// complain tells what is wrong with the cloud, if anything is.
func (a *app) complain(status daemon.Status) error {
	for _, problem := range append(slices.Clone(status.Problems), status.Edge.Problems...) {
		a.out.line("%s %s", a.out.red("problem:"), problem)
	}
	if status.Network.Warning != "" {
		a.out.line("%s %s", a.out.red("warning:"), status.Network.Warning)
	}
	switch {
	case !status.Edge.Synced:
		return errors.New("the front door does not serve what is declared")
	case len(status.Problems) > 0:
		return errors.New("not everything could be brought back; 'make up' tries again")
	default:
		return nil
	}
}
