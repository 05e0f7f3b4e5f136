package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coditect-ai/license-platform/local/daemon"
)

// complain tells what is wrong with the cloud, if anything is.
func (a *app) complain(status daemon.Status) error {
	all := status.Ailments()
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
		return errors.New("not everything could be brought back; 'make up' tries again")
	case len(all) > 0:
		return fmt.Errorf("it is up, and not well: %d problems, above", len(all))
	default:
		return nil
	}
}

// How long what was just changed may take to be well: pods become ready, and the
// load balancer sees them.
const (
	recovery  = 15 * time.Second
	lookAgain = 200 * time.Millisecond
)

// awaitWell returns the status once nothing is wrong with the cloud, or when it has
// had its time.
func awaitWell(ctx context.Context, ask func(context.Context) (daemon.Status, error), patience time.Duration) (daemon.Status, error) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		status, err := ask(ctx)
		if err != nil || len(status.Ailments()) == 0 {
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

// tell lets the console mark that a command begins. The command goes on without it.
func (a *app) tell(ctx context.Context, client *daemon.Client, command string) {
	if err := client.Begin(ctx, command); err != nil {
		a.out.note("the console does not mark this command: " + err.Error())
	}
}
