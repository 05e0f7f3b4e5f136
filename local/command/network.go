package command

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/daemon"
)

// sandbox is the hidden command that runs in a pod's network; users do not call it.
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

// printDenials shows what NetworkPolicies kept from pods, the latest first.
func (a *app) printDenials(status daemon.Status) {
	for _, denial := range status.Network.Denials[:min(shownDenials, len(status.Network.Denials))] {
		a.out.line("")
		a.out.line("%s %s", a.out.red("denied:"), denial.Text)
		a.out.line("        %s, %s", denial.Time.Format(time.TimeOnly), times(denial.Count))
	}
}

// tellDenials prints every denial by a policy or by IAM, once, when it happens, until the returned
// function is called: otherwise a pod that waits for a denied connection would show nothing.
func (a *app) tellDenials(ctx context.Context, from *daemon.Client) (stop func()) {
	began, told := time.Now(), map[string]bool{}
	tell := func() {
		status, err := from.Status(ctx)
		if err != nil {
			return // what is asked next fails, too, and says so
		}
		say := func(at time.Time, text string) {
			if at.After(began) && !told[text] {
				told[text] = true
				a.out.say("%s %s", a.out.red("denied"), text)
			}
		}
		for _, denial := range slices.Backward(status.Network.Denials) {
			say(denial.Time, denial.Text)
		}
		for _, refusal := range slices.Backward(status.Refusals) {
			say(refusal.Time, refusal.Text)
		}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				tell()
				return
			case <-time.After(time.Second):
				tell()
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

func times(count int) string {
	if count == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", count)
}
