package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

func (a *app) fail() *cobra.Command {
	return &cobra.Command{
		Use:       "fail NAME...",
		Short:     "Make parts of the cloud fail until `heal`",
		Long:      "Make parts of the cloud fail until `heal`:\n\n" + effects(),
		ValidArgs: fault.Names(),
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return fmt.Errorf("say what is to fail: %s", strings.Join(fault.Names(), ", "))
			}
			return checkFaults(names)
		},
		RunE: func(command *cobra.Command, names []string) error { return a.setFaults(command, names, true) },
	}
}

func (a *app) heal() *cobra.Command {
	return &cobra.Command{
		Use:       "heal [NAME...]",
		Short:     "End the named faults, or all faults",
		ValidArgs: fault.Names(),
		Args:      func(_ *cobra.Command, names []string) error { return checkFaults(names) },
		RunE:      func(command *cobra.Command, names []string) error { return a.setFaults(command, names, false) },
	}
}

// effects lists what can be made to fail.
func effects() string {
	var text strings.Builder
	for _, f := range fault.All() {
		fmt.Fprintf(&text, "  %-14s %s\n", f.Name, f.Effect)
	}
	return text.String()
}

// checkFaults refuses what cannot fail, and says what can.
func checkFaults(names []string) error {
	for _, name := range names {
		if slices.Contains(fault.Names(), name) {
			continue
		}
		return fmt.Errorf("there is no fault %s%s: allowed are %s", shortened(name), nearest(name), strings.Join(fault.Names(), ", "))
	}
	return nil
}

// nearest asks whether a name is meant that differs in few letters.
func nearest(name string) string {
	if name == "" {
		return ""
	}
	// cobra compares names of commands as it suggests them.
	known := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, fault := range fault.Names() {
		known.AddCommand(&cobra.Command{Use: fault, Run: func(*cobra.Command, []string) {}})
	}
	if found := known.SuggestionsFor(name); len(found) > 0 {
		return fmt.Sprintf(", did you mean %q", found[0])
	}
	return ""
}

func (a *app) setFaults(command *cobra.Command, names []string, active bool) error {
	client, err := a.connect(command)
	if err != nil {
		return err
	}
	status, err := client.Status(command.Context())
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = status.Faults
	}
	failing, failed := status.Faults, error(nil)
	for _, name := range names {
		already := slices.Contains(failing, name) == active
		now, err := client.SetFault(command.Context(), name, active)
		if err != nil {
			// The others are not made to fail, too, but all of them are healed.
			if failed = errors.Join(failed, err); active {
				break
			}
			continue
		}
		failing = now
		a.out.line("%s", a.toldFault(name, active, already))
	}
	if len(failing) == 0 {
		a.out.line("nothing is made to fail")
	} else {
		a.out.line("made to fail: %s; '%s heal' ends it", strings.Join(failing, ", "), self())
	}
	return failed
}

// toldFault says what came of a change of a fault.
func (a *app) toldFault(name string, active, already bool) string {
	found, _ := fault.Find(name) // checked already
	switch {
	case active && already:
		return fmt.Sprintf("%s %s, as it did before: %s", a.out.red("fails"), name, found.Effect)
	case active:
		return fmt.Sprintf("%s %s: %s", a.out.red("fails"), name, found.Effect)
	case already:
		return name + " was not made to fail"
	default:
		return a.out.green("healed") + " " + name
	}
}

// connect finds the running cloud.
func (a *app) connect(command *cobra.Command) (*daemon.Client, error) {
	dir, err := a.folder()
	if err != nil {
		return nil, err
	}
	client, err := daemon.Connect(command.Context(), dir)
	if errors.Is(err, daemon.ErrNotRunning) {
		return nil, fmt.Errorf("nothing runs here (%s): 'make up' brings the stack up", dir)
	}
	return client, err
}
