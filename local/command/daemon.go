package command

import (
	"errors"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/logfile"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// daemon is the hidden command that `up` starts; users do not call it.
func (a *app) daemon() *cobra.Command {
	return &cobra.Command{
		Use:    "daemon",
		Hidden: true,
		Args:   noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			daemon.Inherit()
			dir, err := a.folder()
			if err != nil {
				return err
			}
			plan, known := readPlan(dir)
			if !known {
				return errors.New("the daemon is started by 'up', which decides on the addresses")
			}
			binary, err := daemon.Fingerprint()
			if err != nil {
				return err
			}
			file, err := logfile.Open(daemon.LogPath(dir)) // standard error is the same file, for a crash
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }() // at the end
			log := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelInfo}))
			told := false
			err = daemon.Run(ctx, daemon.Options{
				Dir: dir, Plan: plan, Binary: binary, Log: log,
				Outputs: func() (map[string]any, error) { return engine.StateOutputs(dir) },
			}, func(r daemon.Record) error {
				told = true
				return daemon.Ready(r, nil)
			})
			if err != nil && !told {
				_ = daemon.Ready(daemon.Record{}, err) // who started it by hand waits for none
			}
			return err
		},
	}
}
