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
		return fmt.Errorf("nothing is called %q that can be made to fail%s: allowed are %s", name, nearest(name), strings.Join(fault.Names(), ", "))
	}
	return nil
}

// nearest asks whether a name is meant that differs in few letters.
func nearest(name string) string {
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
	if len(names) == 0 {
		names = fault.Names()
	}
	var failing []string
	for _, name := range names {
		if failing, err = client.SetFault(command.Context(), name, active); err != nil {
			return err
		}
		if active {
			found, _ := fault.Find(name) // checked already
			a.out.line("%s %s: %s", a.out.red("fails"), name, found.Effect)
		}
	}
	if len(failing) == 0 {
		a.out.line("%s: nothing is made to fail", a.out.green("healed"))
		return nil
	}
	a.out.line("made to fail: %s; '%s heal' ends it", strings.Join(failing, ", "), self())
	return nil
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
