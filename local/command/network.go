package command

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/sandbox"
)

// sandbox is what stands in a pod's network; nobody types it.
func (a *app) sandbox() *cobra.Command {
	return &cobra.Command{
		Use:    sandbox.Command,
		Hidden: true,
		RunE: func(_ *cobra.Command, program []string) error {
			code, err := sandbox.Inside(program)
			if err != nil {
				return err
			}
			os.Exit(code) // the pod's own
			return nil
		},
	}
}

// shownDenials is how many of the latest are shown.
const shownDenials = 5

// printDenials shows what NetworkPolicies kept from pods since then, the latest
// first.
func (a *app) printDenials(status daemon.Status, since time.Time) {
	for i, denial := range status.Network.Denials {
		if i == shownDenials || denial.Time.Before(since) {
			return
		}
		a.out.line("")
		a.out.line("%s %s", a.out.red("denied:"), denial.Text)
		a.out.line("        %s, %s", denial.Time.Format(time.TimeOnly), times(denial.Count))
	}
}

func times(count int) string {
	if count == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", count)
}
