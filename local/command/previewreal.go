package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
)

// previewOne is the hidden command that previews one stack, in a process with
// its own network and without the user's Google credentials.
const previewOne = "preview-one"

func (a *app) previewReal() *cobra.Command {
	var stacks []string
	command := &cobra.Command{
		Use:   "preview-real",
		Short: "Preview dev and prod with the real provider plugins, without Google",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			return interruptible(command, func(ctx context.Context) error { return a.runPreviewReal(ctx, stacks) })
		},
	}
	command.Flags().StringSliceVar(&stacks, "stack", []string{"dev", "prod"}, "the stacks, by their settings Pulumi.STACK.yaml")
	return command
}

func (a *app) runPreviewReal(ctx context.Context, stacks []string) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	if _, err := plugins(ctx); err != nil {
		return err
	}
	// Each preview does these again, when there is nothing left to build or to download.
	if err := a.out.during("Pulumi CLI", func() error {
		_, err := toolchain.Pulumi(ctx, root, a.out.note)
		return err
	}); err != nil {
		return err
	}
	if err := a.out.during("API image", func() error { return a.load(root).Prepare(ctx) }); err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	var failed []string
	for _, stack := range stacks {
		err := a.previewIsolated(ctx, executable, stack)
		var exit *exec.ExitError
		switch {
		case err == nil:
		case ctx.Err() == nil && errors.As(err, &exit):
			failed = append(failed, stack)
		default:
			return fmt.Errorf("preview stack %s: %w", stack, err)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("the real plugins do not accept the stack %s as it is; see above", strings.Join(failed, " and "))
	}
	return nil
}

// previewIsolated previews a stack in a network namespace where that is allowed.
func (a *app) previewIsolated(ctx context.Context, executable, stack string) error {
	start := func(prepare func(*exec.Cmd), arguments ...string) error {
		command := pluginpreview.Command(ctx, executable, append([]string{previewOne, stack}, arguments...)...)
		command.Stdout, command.Stderr = a.out.out, a.out.errors
		prepare(command)
		return pluginpreview.Run(command)
	}
	err := start(pluginpreview.IsolateNetwork, "--isolated-network")
	if !errors.Is(err, pluginpreview.ErrRefused) {
		return err
	}
	a.out.say("%v; a plugin that ignores HTTPS_PROXY could reach the internet, with false credentials", err)
	return start(func(*exec.Cmd) {})
}

func (a *app) previewOne() *cobra.Command {
	var isolated bool
	command := &cobra.Command{
		Use:    previewOne + " STACK",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			if isolated {
				if err := pluginpreview.Loopback(); err != nil {
					return err
				}
			}
			return interruptible(command, func(ctx context.Context) error { return a.runPreviewOne(ctx, arguments[0]) })
		},
	}
	command.Flags().BoolVar(&isolated, "isolated-network", false, "this process has a network namespace of its own")
	return command
}

// plugins finds the plugins that this program's SDKs need.
func plugins(ctx context.Context) ([]toolchain.Plugin, error) {
	program, known := debug.ReadBuildInfo()
	if !known {
		return nil, errors.New("this program does not say what it was built with: build it with `go build`")
	}
	return toolchain.Plugins(ctx, toolchain.Wanted(program))
}
