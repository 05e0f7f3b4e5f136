package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
)

func (a *app) fail() *cobra.Command {
	return &cobra.Command{
		Use:       "fail " + strings.Join(daemon.Faults(), "|"),
		Short:     "Make parts of the cloud fail until `heal`",
		ValidArgs: daemon.Faults(),
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return fmt.Errorf("say what is to fail: %s", strings.Join(daemon.Faults(), ", "))
			}
			return checkFaults(names)
		},
		RunE: func(command *cobra.Command, names []string) error { return a.setFaults(command, names, true) },
	}
}

func (a *app) heal() *cobra.Command {
	return &cobra.Command{
		Use:       "heal [" + strings.Join(daemon.Faults(), "|") + "]",
		Short:     "End faults: those that are named, else all",
		ValidArgs: daemon.Faults(),
		Args:      func(_ *cobra.Command, names []string) error { return checkFaults(names) },
		RunE:      func(command *cobra.Command, names []string) error { return a.setFaults(command, names, false) },
	}
}

// checkFaults refuses what cannot fail, and says what can.
func checkFaults(names []string) error {
	for _, name := range names {
		if slices.Contains(daemon.Faults(), name) {
			continue
		}
		return fmt.Errorf("nothing is called %q that can be made to fail%s: allowed are %s", name, nearest(name), strings.Join(daemon.Faults(), ", "))
	}
	return nil
}

// nearest asks whether a name is meant that differs in few letters.
func nearest(name string) string {
	// cobra compares names of commands as it suggests them.
	known := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, fault := range daemon.Faults() {
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
		names = daemon.Faults()
	}
	var failing []string
	for _, name := range names {
		if failing, err = client.SetFault(command.Context(), name, active); err != nil {
			return err
		}
		if active {
			a.out.line("%s %s: %s", a.out.red("fails"), name, effect(name))
		}
	}
	if len(failing) == 0 {
		a.out.line("%s: nothing is made to fail", a.out.green("healed"))
		return nil
	}
	a.out.line("made to fail: %s; '%s heal' ends it", strings.Join(failing, ", "), self())
	return nil
}

// effect says what a fault does.
func effect(name string) string {
	return map[string]string{
		"redis":    "the Redis server is stopped and kept down; its data is saved",
		"postgres": "the PostgreSQL server is stopped and kept down; its data is saved",
		"kms":      "the key management service answers UNAVAILABLE",
		"api":      "the API's processes are killed whenever they start: a crash loop",
		"identity": "the public keys of the token issuer answer 503; the API still knows those it has fetched",
		"agents":   "Google's service agents are still being made, as in a new project: no grant can be given to them",
		"cluster":  "the cluster is deleted behind Pulumi's back, and its load balancer is left over; healed, another one has its place, with none of the stack's objects",
		"operator": "the webhook of managed Prometheus has no pods, as on a cluster that has just been made: no PodMonitoring can be made or changed",
	}[name]
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
