package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/daemon"
)

// ailments are what is wrong with the cloud now, each in one line; an ailment that is
// meant, because a part was made to fail, is none.
func ailments(status daemon.Status) (all []string) {
	all = append(all, status.Problems...)
	all = append(all, status.Edge.Problems...)
	for _, missing := range status.Network.Missing {
		all = append(all, "a pod cannot reach what it needs, or is not reached: "+missing)
	}
	if len(status.Faults) == 0 {
		all = append(all, unready(status)...)
	}
	return all
}

// unready are the declared pods that do not serve.
func unready(status daemon.Status) (all []string) {
	for _, p := range status.Pods {
		if strings.HasPrefix(p.Owner, "Deployment/") && !p.Ready && !p.Terminating {
			all = append(all, strings.TrimSuffix(fmt.Sprintf("pod %s/%s is not ready (%s): %s", p.Namespace, p.Name, p.Phase, p.Message), ": "))
		}
	}
	return all
}

// complain tells what is wrong with the cloud, if anything is.
func (a *app) complain(status daemon.Status) error {
	all := ailments(status)
	for _, one := range all {
		a.out.line("%s %s", a.out.red("problem:"), one)
	}
	if status.Network.Warning != "" {
		a.out.line("%s %s", a.out.red("warning:"), status.Network.Warning)
	}
	switch {
	case !status.Edge.Synced:
		return errors.New("the front door does not serve what is declared")
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
		if err != nil || len(ailments(status)) == 0 {
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
