package command

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// shownNotifications is how many messages `alerts` prints.
const shownNotifications = 20

func (a *app) alerts() *cobra.Command {
	var hurry int
	command := &cobra.Command{
		Use:   "alerts",
		Short: "Show which alerts fire, and which notifications were sent",
		Long: "Show which alerts fire, and which notifications were sent.\n\n" +
			"--hurry 30 makes windows, waiting times, scrapes and checks thirty times shorter, so that\n" +
			"an incident can be rehearsed in seconds; --hurry 1 is real time again.",
		Args: noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := a.connect(command)
			if err != nil {
				return err
			}
			if command.Flags().Changed("hurry") {
				pace := monitoring.Pace(hurry)
				if err := pace.Validate(); err != nil {
					return fmt.Errorf("--hurry %d: %w", hurry, err)
				}
				if err := client.SetPace(command.Context(), pace); err != nil {
					return err
				}
			}
			status, err := client.Status(command.Context())
			if err != nil {
				return err
			}
			told, err := client.Inbox(command.Context())
			if err != nil {
				return err
			}
			a.printAlerts(status, told)
			return nil
		},
	}
	command.Flags().IntVar(&hurry, "hurry", int(monitoring.RealTime), "how many times faster alerts are evaluated, 1 to "+strconv.Itoa(int(monitoring.Fastest)))
	return command
}

func (a *app) printAlerts(status daemon.Status, told []monitoring.Notification) {
	m := status.Monitoring
	if m.Down != "" {
		a.out.line("%s alerts are not evaluated, or nobody is told: %s", a.out.red("problem:"), m.Down)
	} else if m.Prometheus == "" {
		a.out.line("no alert is evaluated yet: the first is declared by 'make up'")
	} else {
		a.out.line("%d alert policies over metrics, %d over log entries%s; Prometheus %s", m.Rules, m.LogRules, atPace(m.Pace), m.Prometheus)
	}
	rows := [][]string{{"ALERT", "STATE", "SINCE", "SEVERITY", "WHAT IT MEANS", ""}}
	for _, i := range m.Incidents {
		rows = append(rows, []string{i.Alert, i.State, i.Since.Local().Format(time.TimeOnly), i.Severity, i.Summary, i.About()})
	}
	if len(rows) > 1 {
		a.out.table(rows)
	} else {
		a.out.line("nothing fires")
	}
	for _, problem := range m.Problems {
		a.out.line("%s %s", a.out.red("not acted out:"), problem)
	}
	if len(told) == 0 {
		return
	}
	a.out.line("")
	a.out.line("told, the newest first:")
	rows = [][]string{{"TIME", "ALERT", "STATE", "TO", "PLAYBOOK", ""}}
	for _, n := range told[:min(len(told), shownNotifications)] {
		rows = append(rows, []string{n.Time.Local().Format(time.TimeOnly), n.Alert, n.State, n.To, n.Playbook, n.About()})
	}
	a.out.table(rows)
}

func atPace(p monitoring.Pace) string {
	if p == monitoring.RealTime {
		return ""
	}
	return fmt.Sprintf(", %d times faster than real time", p)
}
