package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
)

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what runs and where",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			dir, err := a.folder()
			if err != nil {
				return err
			}
			client, err := daemon.Connect(command.Context(), dir)
			if errors.Is(err, daemon.ErrNotRunning) {
				return fmt.Errorf("nothing runs here (%s): 'make up' brings the stack up", dir)
			}
			if err != nil {
				return err
			}
			status, err := client.Status(command.Context())
			if err != nil {
				return err
			}
			a.printLayers(status)
			a.out.line("")
			a.printPods(status)
			a.printDenials(status)
			a.out.line("")
			a.out.line("page: %s", client.Record.Page)
			a.out.line("daemon: process %d, log %s", status.PID, daemon.LogPath(dir))
			for _, name := range status.Faults {
				a.out.line("%s %s is made to fail; '%s heal %s' brings it back", a.out.red("fault:"), name, self(), name)
			}
			for _, i := range status.Monitoring.Incidents {
				a.out.line("%s %s %s since %s: %s", a.out.red("alert:"), i.Alert, i.State, i.Since.Local().Format(time.TimeOnly), i.Text())
			}
			for _, notice := range slices.Concat(status.Notices, status.Suspended, status.Drifted) {
				a.out.line("%s %s", a.out.red("notice:"), notice)
			}
			return a.reportProblems(status)
		},
	}
}

func (a *app) printPods(status daemon.Status) {
	rows := [][]string{{"POD", "ADDRESS", "STATE", "RESTARTS", ""}}
	for _, p := range status.Pods {
		state := p.Phase
		if p.Phase == "Running" && !p.Ready {
			state = "not ready"
		}
		rows = append(rows, []string{p.Namespace + "/" + p.Name, p.IP, state, fmt.Sprint(p.Restarts), p.Message})
	}
	a.out.table(rows)
}
