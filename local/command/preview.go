package command

import (
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func (a *app) preview() *cobra.Command {
	command := &cobra.Command{
		Use:   "preview",
		Short: "Show what `up` would change",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			dir, err := a.folder()
			if err != nil {
				return err
			}
			release, err := lock(dir)
			if err != nil {
				return err
			}
			defer release()
			c, err := a.bring(ctx, dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.leave(ctx, c)) }()
			if err := c.prepared(); err != nil {
				return err
			}
			found := &changes{out: a.out}
			if err := a.out.during("preview", func() error { return c.engine.Preview(ctx, found.watch) }); err != nil {
				return err
			}
			found.print()
			return nil
		},
	}
	a.edgeFlags(command)
	return command
}

func (a *app) refresh() *cobra.Command {
	command := &cobra.Command{
		Use:   "refresh",
		Short: "Take what really exists into the state, and show what differed",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			dir, err := a.folder()
			if err != nil {
				return err
			}
			release, err := lock(dir)
			if err != nil {
				return err
			}
			defer release()
			c, err := a.bring(ctx, dir)
			if err != nil {
				return err
			}
			found := &changes{out: a.out}
			if err := a.out.during("refresh", func() error { return c.engine.Refresh(ctx, found.watchRefresh) }); err != nil {
				return err
			}
			found.print()
			return nil
		},
	}
	a.edgeFlags(command)
	return command
}
