// Package attack attacks a running local stack, as a client on the internet, a
// dishonest customer or an intruder on the network would, and finds out what
// stopped each attempt. It decides that by evidence only: the load
// balancer's log of the very request, or the refusal that came back.
package attack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// Attack is one attempt.
type Attack struct {
	// Name says what is tried.
	Name string
	// Layer is the one that has to stop it, 1 to 7; Nobody for what has to pass.
	Layer int
	// Rule is how the name of the rule, problem code or refusal has to begin;
	// empty means any.
	Rule string
	// Try makes the attempt.
	Try Try
}

// Nobody is the layer of a request that has to pass.
const Nobody = 0

// Try makes an attempt and returns what came of it. An error says that it could
// not be made, or that nothing tells what came of it.
type Try func(ctx context.Context, t *Target) (Finding, error)

// Finding is what came of an attempt.
type Finding struct {
	// Layer stopped it, Nobody when nothing did.
	Layer int
	// Rule is what decided there, in the words of the layer.
	Rule string
	// Why explains the rule, for example by the WAF signatures that matched.
	Why string
	// Status is what the attacker got, for example "403" or "NOAUTH".
	Status string
}

// Result is an attack with what came of it.
type Result struct {
	Attack  Attack
	Finding Finding
	// Err says why there is no result.
	Err error
	// Late is how many tries before this one met a service that was late or down.
	Late int
}

// OK says whether the attack ended where it has to.
func (r Result) OK() bool {
	return r.Err == nil && r.Finding.Layer == r.Attack.Layer && strings.HasPrefix(r.Finding.Rule, r.Attack.Rule)
}

// Verdict is the result in one word or a few.
func (r Result) Verdict() string {
	switch {
	case r.Err != nil:
		return "NO FINDING: " + r.Err.Error()
	case r.OK() && r.Attack.Layer == Nobody:
		return "untouched"
	case r.OK():
		return "stopped"
	case r.Finding.Layer == Nobody:
		return "BREACHED"
	case r.Attack.Layer == Nobody:
		return "STOPPED, BUT IS NOBODY'S BUSINESS"
	default:
		return fmt.Sprintf("stopped, BUT NOT BY layer %d, %s %s", r.Attack.Layer, layer.Name(r.Attack.Layer), r.Attack.Rule)
	}
}

// tryTimeout bounds one try, tries how often an attack is tried, and rest is the time between.
const (
	tryTimeout = 2 * time.Minute
	tries      = 3
	rest       = time.Second
)

// errLate says that the service was late or down, which proves nothing about an attack.
var errLate = errors.New("the service was late or down")

// late says whether a status means that the service is late or down, for example because
// the machine is busy.
func late(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// late says whether the service was late or down where something else had to stop the attack.
func (r Result) late() bool {
	status, _ := strconv.Atoi(r.Finding.Status) // others than HTTP's are words
	return errors.Is(r.Err, errLate) || late(status) && !r.OK()
}

// Run makes all attempts, one after the other, and tells each result as it is
// known. An attempt that met a service that was late or down is made again, as its
// clients do. Run ends early only when ctx does.
func Run(ctx context.Context, t *Target, attacks []Attack, tell func(Result)) []Result {
	var results []Result
	for _, a := range attacks {
		if ctx.Err() != nil {
			return results
		}
		r := try(ctx, t, a)
		for r.late() && r.Late+1 < tries && waited(ctx, rest) {
			again := try(ctx, t, a)
			again.Late = r.Late + 1
			r = again
		}
		results = append(results, r)
		tell(r)
	}
	return results
}

func try(ctx context.Context, t *Target, a Attack) Result {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	finding, err := a.Try(ctx, t)
	return Result{Attack: a, Finding: finding, Err: err}
}

// waited waits, and says whether ctx lasted that long.
func waited(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Failed are the results that are not as they have to be.
func Failed(results []Result) []Result {
	var failed []Result
	for _, r := range results {
		if !r.OK() {
			failed = append(failed, r)
		}
	}
	return failed
}
