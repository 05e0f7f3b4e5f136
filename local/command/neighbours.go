package command

import (
	"context"

	"github.com/spf13/cobra"
)

// neighbours is the command that starts the embedded cloud as the IDE has it, before
// anybody deploys a stack: tests look at it.
func (a *app) neighbours() *cobra.Command {
	command := &cobra.Command{
		Use:    "neighbours",
		Short:  "Start the embedded cloud with nothing but the Cloud IDE in it",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, func(ctx context.Context) error {
				dir, release, err := a.locked()
				if err != nil {
					return err
				}
				defer release()
				_, err = a.bring(ctx, dir, false)
				return err
			})
		},
	}
	a.edgeFlags(command)
	return command
}
