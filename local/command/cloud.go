package command

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/host/process"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// cloud is an embedded cloud that runs, with the engine ready to work on it.
type cloud struct {
	dir      string
	daemon   *daemon.Client
	engine   *engine.Engine
	settings settings
	// fresh says that the daemon did not run before.
	fresh bool
	// prepared returns once the program's preparation has ended.
	prepared func() error
}

// bring gets the tools, starts the daemon or takes the running one, and opens
// the engine. deploys says that the program will run.
func (a *app) bring(ctx context.Context, dir string, deploys bool) (_ *cloud, err error) {
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	if err := engine.CheckState(dir); err != nil {
		return nil, err
	}
	c := &cloud{dir: dir}
	program := a.load(root)
	o := engine.Options{Dir: dir, Program: program.Deploy, Warn: a.warn}
	c.prepared = func() error { return nil }
	if deploys {
		preparing, cancel := context.WithCancel(ctx)
		c.prepared = a.prepare(preparing, program)
		defer func() {
			if err != nil {
				cancel()
				_ = c.prepared() // it takes its temporary files away
			}
		}()
	}
	if err := a.out.during("tools", func() error {
		if err := toolchain.Databases(ctx, a.out.note); err != nil {
			return err
		}
		o.Command, err = toolchain.Pulumi(ctx, root, a.out.note)
		return err
	}); err != nil {
		return nil, err
	}
	if err := a.out.during("daemon", func() error { return a.startDaemon(ctx, c) }); err != nil {
		return nil, err
	}
	err = a.out.during("open stack", func() error {
		if c.settings, err = a.readSettings(root, dir, c.daemon.Record.Plan); err != nil {
			return err
		}
		o.Providers, o.Settings = c.daemon.Record.Providers, c.settings.file
		o.Overrides, o.Secrets = c.settings.overrides, c.settings.secrets
		c.engine, err = engine.Open(ctx, o)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, a.leave(ctx, c))
	}
	return c, nil
}

// warn shows what the engine, the program or a provider warns of, once: a preview and its
// update warn of the same.
func (a *app) warn(text string) {
	if _, told := a.warned.LoadOrStore(text, true); !told {
		a.out.say("%s %s", a.out.red("warning:"), text)
	}
}

// startDaemon uses the running daemon if it is of this build, has the wanted addresses
// and has no problems; otherwise it starts one.
func (a *app) startDaemon(ctx context.Context, c *cloud) error {
	if err := errors.Join(checkOpenFiles(), address.CheckLoopback(), process.CheckUnprivileged()); err != nil {
		return err
	}
	plan, err := a.choosePlan(c.dir)
	if err != nil {
		return err
	}
	binary, err := daemon.Fingerprint()
	if err != nil {
		return err
	}
	c.daemon, err = daemon.Connect(ctx, c.dir)
	switch {
	case err == nil && c.daemon.Record.Binary == binary && c.daemon.Record.Plan == plan && len(c.daemon.Problems) == 0:
		return nil
	case err == nil:
		if err := c.daemon.Stop(ctx); err != nil {
			return fmt.Errorf("stop the daemon, which is of another build, has other addresses or has problems: %w", err)
		}
	case errors.Is(err, daemon.ErrNotRunning), errors.Is(err, daemon.ErrSilent):
		if err := daemon.Kill(c.dir); err != nil { // what a killed one left behind, or one that hangs
			return err
		}
	default:
		return err
	}
	c.fresh = true
	if err := address.CheckEdge(plan); err != nil {
		return err
	}
	if c.daemon, err = daemon.Start(ctx, c.dir, plan); err != nil {
		return fmt.Errorf("start the embedded cloud: %w", err)
	}
	return nil
}

// leave stops a daemon that a command started only for itself.
func (a *app) leave(ctx context.Context, c *cloud) error {
	if !c.fresh || c.daemon == nil {
		return nil
	}
	return c.daemon.Stop(context.WithoutCancel(ctx))
}

// prepare starts the program's preparation and returns how to wait for it.
func (a *app) prepare(ctx context.Context, program Program) (wait func() error) {
	ended := make(chan error, 1)
	go func() {
		ended <- a.out.during("API image", func() error { return program.Prepare(ctx) })
	}()
	return sync.OnceValue(func() error { return <-ended })
}
