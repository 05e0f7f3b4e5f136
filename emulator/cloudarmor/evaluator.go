package cloudarmor

import (
	"context"
	"reflect"
	"sync/atomic"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// Evaluator decides about requests by one policy. It is safe for concurrent use.
type Evaluator struct {
	options Options
	current atomic.Pointer[state]
}

// state is a policy together with the counters of its rate limits.
type state struct {
	policy   *Policy
	level    int
	limiters map[int]*limiter
}

// New makes an evaluator. The WAF's rule sets are built when a request first
// needs them; Warm builds them at once.
func New(policy *Policy, options Options) *Evaluator {
	evaluator := &Evaluator{options: options.withDefaults()}
	evaluator.Update(policy)
	return evaluator
}

// Update replaces the policy. Rate limits that stay as they are at their
// priority keep their counters.
func (e *Evaluator) Update(policy *Policy) {
	previous := e.current.Load()
	next := &state{policy: policy, level: paranoia(policy), limiters: map[int]*limiter{}}
	for _, each := range policy.rules {
		if each.RateLimit == nil {
			continue
		}
		if kept := previous.limiter(each.Rule); kept != nil {
			next.limiters[each.Priority] = kept
			continue
		}
		next.limiters[each.Priority] = newLimiter(each.Rule, e.options.Clock, e.options.MaxKeys)
	}
	e.current.Store(next)
}

// limiter returns the counters of an unchanged rule; nil for any other.
func (s *state) limiter(candidate rule.Rule) *limiter {
	if s == nil || s.limiters[candidate.Priority] == nil {
		return nil
	}
	kept := s.limiters[candidate.Priority]
	if !reflect.DeepEqual(kept.rule.RateLimit, candidate.RateLimit) || !reflect.DeepEqual(kept.rule.Match, candidate.Match) ||
		kept.rule.Action != candidate.Action {
		return nil
	}
	return kept
}

// Warm builds the WAF rule sets that the policy needs.
func (e *Evaluator) Warm() error {
	level := e.current.Load().level
	if level == 0 {
		return nil
	}
	_, err := e.options.WAF.engine(level)
	return err
}

// Evaluate decides about a request. When the context ends first, the WAF cannot
// be built or the client's address is not given, the request is denied with 502.
func (e *Evaluator) Evaluate(ctx context.Context, request Request) Decision {
	current := e.current.Load()
	decision := Decision{Policy: current.policy.Name()}
	if !request.ClientIP.IsValid() {
		return decision.unavailable(Step{}, errNoClient)
	}
	evaluation := newEvaluation(request, current, e.options)
	for _, each := range current.policy.rules {
		step := evaluation.at(each)
		if ctx.Err() != nil { // the client is gone, and no rule has decided
			return decision.unavailable(Step{}, context.Cause(ctx))
		}
		if evaluation.failure != nil {
			return decision.unavailable(step, evaluation.failure)
		}
		decision.Trace = append(decision.Trace, step)
		switch {
		case !step.Matched:
		case each.Preview:
			decision.Previews = append(decision.Previews, step)
		default:
			decision.Final, decision.Outcome, decision.StatusCode = step, step.Outcome, step.StatusCode
			return decision
		}
	}
	// NewPolicy makes sure of a default rule, so nothing comes this far.
	return decision.unavailable(Step{}, errNoDefault)
}

// unavailable refuses a request that could not be evaluated.
func (d Decision) unavailable(step Step, causes ...error) Decision {
	for _, cause := range causes {
		if cause != nil {
			step.Error = cause.Error()
		}
	}
	step.Outcome, step.StatusCode = Deny, 502
	d.Final, d.Outcome, d.StatusCode = step, Deny, 502
	d.Trace = append(d.Trace, step)
	return d
}
