package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) drift() *cobra.Command {
	var keep bool
	command := &cobra.Command{
		Use:   "drift",
		Short: "Change the cloud without Pulumi, let a refresh find the change, and undo it",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.runDrift(command.Context(), keep)
		},
	}
	command.Flags().BoolVar(&keep, "keep", false, "leave the changes as they are, to repair them yourself")
	a.edgeFlags(command)
	return command
}

func (a *app) runDrift(ctx context.Context, keep bool) (err error) {
	dir, release, err := a.locked()
	if err != nil {
		return err
	}
	defer release()
	c, err := a.bring(ctx, dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.leave(ctx, c)) }()
	a.announce(ctx, c.daemon, "drift")
	done, err := c.daemon.Drift(ctx)
	if err != nil {
		return err
	}
	if !keep {
		defer func() { err = errors.Join(err, a.undrift(ctx, c)) }()
	}
	a.out.line("changed behind Pulumi's back:")
	for _, change := range done {
		a.out.line("  %s: %s %v → %v", change.What, change.Property, change.Before, change.After)
	}
	found := &changes{out: a.out}
	if err := a.out.during("refresh", func() error { return c.engine.Drift(ctx, found.watchRefresh) }); err != nil {
		return err
	}
	a.out.line("")
	a.out.line("what the refresh finds:")
	found.print()
	a.out.line("")
	a.out.line("to repair it: '%s refresh' takes it into the state, then 'make up' brings back what is declared", self())
	if len(found.steps) != len(done) {
		return fmt.Errorf("%d resources were changed, and the refresh found %d", len(done), len(found.steps))
	}
	return nil
}

// undrift puts everything back, also after an interruption.
func (a *app) undrift(ctx context.Context, c *cloud) error {
	if err := c.daemon.Undrift(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("put everything back: %w", err)
	}
	a.out.line("%s: everything is as it was; --keep would have left it", a.out.green("put back"))
	return nil
}
