package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coditect-ai/license-platform/local/daemon"
)

// reportProblems prints the cloud's problems, and returns an error if there are any.
func (a *app) reportProblems(status daemon.Status) error {
	all := status.CurrentProblems()
	for _, one := range all {
		a.out.line("%s %s", a.out.red("problem:"), one)
	}
	if status.Network.Warning != "" {
		a.out.line("%s %s", a.out.red("warning:"), status.Network.Warning)
	}
	switch {
	case !status.Edge.Synced:
		return errors.New("the load balancer does not serve what is declared")
	case len(status.Problems) > 0:
		return errors.New("not everything could be restored; 'make up' tries again")
	case len(all) == 1:
		return errors.New("the cloud is up, but has a problem; see above")
	case len(all) > 0:
		return fmt.Errorf("the cloud is up, but has %d problems; see above", len(all))
	default:
		return nil
	}
}

// recoveryTimeout is how long the cloud may take to become healthy after a change: pods
// become ready, and the load balancer notices it.
const (
	recoveryTimeout = time.Minute
	pollInterval    = 200 * time.Millisecond
)

// awaitHealthy returns the status once the cloud has no problem, or after the timeout.
func awaitHealthy(ctx context.Context, ask func(context.Context) (daemon.Status, error), timeout time.Duration) (daemon.Status, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		status, err := ask(ctx)
		if err != nil || len(status.CurrentProblems()) == 0 {
			return status, err
		}
		select {
		case <-ticker.C:
		case <-timer.C:
			return status, nil
		case <-ctx.Done():
			return status, ctx.Err()
		}
	}
}

// announce marks the start of a command in the console. Without a mark the command
// continues.
func (a *app) announce(ctx context.Context, client *daemon.Client, command string) {
	if err := client.Begin(ctx, command); err != nil {
		a.out.note("the console does not mark this command: " + err.Error())
	}
}
