package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
)

func (a *app) tools() *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "Install or build what the project and its tests need: PostgreSQL, Redis, Chromium, the Pulumi CLI, the API's image",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, a.runTools)
		},
	}
}

func (a *app) runTools(ctx context.Context) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	if err := a.out.during("databases", func() error { return toolchain.Databases(ctx, a.out.note) }); err != nil {
		return err
	}
	if err := a.out.during("browser", func() error { return toolchain.Browser(ctx, a.out.note) }); err != nil {
		return err
	}
	if err := a.out.during("Pulumi CLI", func() error {
		_, err := toolchain.Pulumi(ctx, root, a.out.note)
		return err
	}); err != nil {
		return err
	}
	// Its first compilation takes minutes, which the time limits of tests do not allow for.
	return a.out.during("API image", func() error { return a.load(root).Prepare(ctx) })
}
