package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) preview() *cobra.Command {
	command := &cobra.Command{
		Use:   "preview",
		Short: "Show what `up` would change",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, a.runPreview)
		},
	}
	a.edgeFlags(command)
	a.targetFlag(command)
	return command
}

func (a *app) runPreview(ctx context.Context) (err error) {
	dir, release, err := a.locked()
	if err != nil {
		return err
	}
	defer release()
	c, err := a.bring(ctx, dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.leave(ctx, c)) }()
	if err := c.prepared(); err != nil {
		return err
	}
	found := &changes{out: a.out}
	if err := a.out.during("preview", func() error { return c.engine.Preview(ctx, found.watch, a.targets...) }); err != nil {
		return err
	}
	found.print()
	a.out.line("%s in %.1f s (%s)", a.out.green("previewed"), time.Since(a.out.started).Seconds(), a.out.summary())
	return nil
}
