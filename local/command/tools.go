package command

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/toolchain"
)

func (a *app) tools() *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "Install or build what the project needs: PostgreSQL, Redis, the Pulumi CLI",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			root, err := projectRoot()
			if err != nil {
				return err
			}
			if err := a.out.during("databases", func() error { return toolchain.Databases(ctx, a.out.note) }); err != nil {
				return err
			}
			return a.out.during("Pulumi CLI", func() error {
				_, err := toolchain.Pulumi(ctx, root, a.out.note)
				return err
			})
		},
	}
}
