package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

func (a *app) down() *cobra.Command {
	stackOnly := false
	command := &cobra.Command{
		Use:   "down",
		Short: "Destroy the stack, stop everything and remove its state",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			if stackOnly {
				return interruptible(command, a.runDestroy)
			}
			return interruptible(command, a.runDown)
		},
	}
	command.Flags().BoolVar(&stackOnly, "stack-only", false, "destroy the stack as `pulumi destroy` does, and keep the cloud running")
	return command
}

// forgetUnreachable is what the Kubernetes provider reads from its environment
// (docs/destroy.md, "When the cluster is gone").
const forgetUnreachable = "PULUMI_K8S_DELETE_UNREACHABLE"

// runDestroy destroys by the engine, and does nothing else.
func (a *app) runDestroy(ctx context.Context) (err error) {
	dir, release, err := a.locked()
	if err != nil {
		return err
	}
	defer release()
	client, err := daemon.Connect(ctx, dir)
	if errors.Is(err, daemon.ErrNotRunning) {
		return fmt.Errorf("nothing runs here (%s): 'make up' brings the stack up", dir)
	}
	if err != nil {
		return err
	}
	if os.Getenv(forgetUnreachable) == "true" {
		if err := client.SetForgets(ctx, true); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, client.SetForgets(context.WithoutCancel(ctx), false)) }()
	}
	if err := a.out.during("destroy", func() error { return a.destroy(ctx, dir, client, os.Getenv(forgetUnreachable) == "true") }); err != nil {
		return err
	}
	a.out.line("%s in %.1f s: the stack is gone, and the cloud goes on with what stays", a.out.green("destroyed"), time.Since(a.out.started).Seconds())
	return nil
}

// runDown destroys by the engine first. If that is not possible, because the daemon has
// died or the state is damaged, everything is on this machine and is deleted with the
// folder.
func (a *app) runDown(ctx context.Context) error {
	dir, err := a.folder()
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		a.out.line("nothing is up here: %s does not exist", dir)
		return nil
	}
	release, err := lock(dir)
	if err != nil {
		return err
	}
	defer release()
	client, err := daemon.Connect(ctx, dir)
	if err == nil {
		if err := a.out.during("destroy", func() error { return errors.Join(client.Leave(ctx), a.destroy(ctx, dir, client, true)) }); err != nil {
			if ctx.Err() != nil {
				return err
			}
			a.out.say("the engine could not destroy the stack in order, so everything is removed as it is: %v", err)
		}
		if err := a.out.during("stop", func() error { return client.Stop(ctx) }); err != nil {
			a.out.say("%v", err)
		}
	}
	if err := daemon.Kill(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the embedded cloud's folder: %w", err)
	}
	a.out.line("%s in %.1f s: no process and no state is left; the Pulumi CLI stays cached", a.out.green("down"), time.Since(a.out.started).Seconds())
	return nil
}

// destroy destroys by the engine. With leave an adopted Ingress need not be given back
// first: its cluster is gone, or all of the embedded cloud goes.
func (a *app) destroy(ctx context.Context, dir string, client *daemon.Client, leave bool) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	if err := engine.CheckState(dir); err != nil {
		return err
	}
	pulumi, err := toolchain.Pulumi(ctx, root, a.out.note)
	if err != nil {
		return err
	}
	s, err := a.readSettings(root, dir, client.Record.Plan)
	if err != nil {
		return err
	}
	opened, err := engine.Open(ctx, engine.Options{
		Dir: dir, Command: pulumi, Program: a.load(root).Deploy, Providers: client.Record.Providers,
		Settings: s.file, Overrides: s.overrides, Secrets: s.secrets, Warn: a.warn,
	})
	if err != nil {
		return err
	}
	if leave {
		if err := opened.DropHooks(ctx, kubernetes.TypeIngressPatch); err != nil {
			return err
		}
	} else if err := opened.PreviewDestroy(ctx); err != nil { // as `pulumi destroy` does first
		return err
	}
	ended, err := daemon.BeginChange(dir, holder(), true)
	if err != nil {
		return err
	}
	shown := newProgress(a.out, a.verbose)
	if err := opened.Destroy(ctx, shown.watch); err != nil {
		return err
	}
	a.out.say("%s", shown.outcome())
	return ended()
}
