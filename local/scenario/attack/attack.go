// Package attack attacks a running local stack, as a client on the internet, a
// dishonest customer or an intruder on the network would, and finds out what
// stopped each attempt. It decides that by evidence only: the load
// balancer's log of the very request, or the refusal that came back.
package attack

import (
	"context"
	"fmt"
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
	// Err says why there is no finding.
	Err error
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

// patience bounds one attempt.
const patience = 30 * time.Second

// Run makes all attempts, one after the other, and tells each result as it is
// known. It ends early only when ctx does.
func Run(ctx context.Context, t *Target, attacks []Attack, tell func(Result)) []Result {
	var results []Result
	for _, a := range attacks {
		if ctx.Err() != nil {
			return results
		}
		r := Result{Attack: a}
		bounded, cancel := context.WithTimeout(ctx, patience)
		r.Finding, r.Err = a.Try(bounded, t)
		cancel()
		results = append(results, r)
		tell(r)
	}
	return results
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
