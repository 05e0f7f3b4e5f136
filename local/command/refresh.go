package command

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) refresh() *cobra.Command {
	command := &cobra.Command{
		Use:   "refresh",
		Short: "Update the state from the real resources, and show the differences",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, a.runRefresh)
		},
	}
	a.edgeFlags(command)
	return command
}

func (a *app) runRefresh(ctx context.Context) error {
	dir, release, err := a.locked()
	if err != nil {
		return err
	}
	defer release()
	c, err := a.bring(ctx, dir, false)
	if err != nil {
		return err
	}
	a.announce(ctx, c.daemon, "refresh")
	found := &changes{out: a.out}
	if err := a.out.during("refresh", func() error { return c.engine.Refresh(ctx, found.watchRefresh) }); err != nil {
		return err
	}
	found.print()
	return nil
}
