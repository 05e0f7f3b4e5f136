package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

func (a *app) up() *cobra.Command {
	command := &cobra.Command{
		Use:   "up",
		Short: "Bring the whole stack up and leave it running",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, a.runUp)
		},
	}
	a.edgeFlags(command)
	a.targetFlag(command)
	command.Flags().BoolVar(&a.skipsPreview, "skip-preview", false, "update at once, without the checks that a preview makes, as `pulumi up --skip-preview` does")
	command.Flags().BoolVar(&a.takesOver, "take-over", false, "end another command that is running on this embedded cloud, instead of failing")
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
		if ctx.Err() != nil {
			return err // the next one goes on with the daemon
		}
		return errors.Join(err, a.leave(ctx, c))
	}
	if err := a.previewFirst(ctx, c); err != nil {
		return err
	}
	a.announce(ctx, c.daemon, "up")
	ended, err := daemon.BeginChange(dir, holder(), len(a.targets) == 0)
	if err != nil {
		return err
	}
	shown := newProgress(a.out, a.verbose)
	var outputs engine.Outputs
	err = a.out.during("update", func() error {
		stop := a.tellDenials(ctx, c.daemon)
		defer stop()
		outputs, err = c.engine.Up(ctx, shown.watch, a.targets...)
		return err
	})
	if err != nil {
		return err
	}
	a.out.say("%s", shown.outcome())
	if err := ended(); err != nil {
		return err
	}
	status, err := awaitHealthy(ctx, c.daemon.Status, recoveryTimeout)
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
	if err := a.reportProblems(status); err != nil {
		return err
	}
	a.out.line("%s in %.1f s (%s)", a.out.green("up"), time.Since(a.out.started).Seconds(), a.out.summary())
	return nil
}

// previewFirst checks an update by its preview, as `pulumi up` does: some checks refuse
// there only, and an update that they would have refused stops half-way.
func (a *app) previewFirst(ctx context.Context, c *cloud) error {
	if err := c.engine.Recover(ctx); err != nil {
		return err
	}
	if a.skipsPreview {
		return nil
	}
	err := a.out.during("preview", func() error {
		stop := a.tellDenials(ctx, c.daemon)
		defer stop()
		return c.engine.Preview(ctx, func(engine.Step) {}, a.targets...)
	})
	if err != nil && ctx.Err() == nil {
		a.out.say("the preview refuses the update, so nothing was changed")
	}
	return err
}
