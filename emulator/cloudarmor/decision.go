package cloudarmor

import "github.com/coditect-ai/license-platform/armor/rule"

// Outcome is what a policy did with a request, as request logs spell it.
// Source: https://cloud.google.com/armor/docs/request-logging
type Outcome string

// The outcomes of a decision.
const (
	Accept Outcome = "ACCEPT"
	Deny   Outcome = "DENY"
)

// RateOutcome is what a rate limit found about a key, as request logs spell it.
type RateOutcome string

// The outcomes of a rate limit.
const (
	RateConform RateOutcome = "RATE_LIMIT_THRESHOLD_CONFORM"
	RateExceed  RateOutcome = "RATE_LIMIT_THRESHOLD_EXCEED"
	RateBanned  RateOutcome = "BAN_THRESHOLD_EXCEED"
)

// Decision is what a policy decided about one request.
type Decision struct {
	// Policy is the policy's name.
	Policy string
	// Outcome is ACCEPT or DENY.
	Outcome Outcome
	// StatusCode is the HTTP status the load balancer answers with; 0 when the
	// request may pass.
	StatusCode int
	// Final is the rule that decided.
	Final Step
	// Previews are the rules in preview that matched before the final rule.
	Previews []Step
	// Trace is every rule that was looked at, in order; its last one is Final.
	Trace []Step
}

// Allowed says whether the request may pass.
func (d Decision) Allowed() bool { return d.Outcome == Accept }

// Priority is the priority of the rule that decided.
func (d Decision) Priority() int { return d.Final.Priority }

// Action is the configured action of the rule that decided.
func (d Decision) Action() rule.Action { return d.Final.Action }

// Step is one rule that was looked at.
type Step struct {
	// Priority, Description and Action are the rule's.
	Priority    int
	Description string
	Action      rule.Action
	// Preview says that the rule is not enforced.
	Preview bool
	// Matched says whether the request matched the rule.
	Matched bool
	// Outcome is what the rule did, or would do without preview; empty when it
	// did not match.
	Outcome Outcome
	// StatusCode is the status of a deny; else 0.
	StatusCode int
	// Signatures are the ids of the WAF signatures that matched, as Cloud
	// Armor spells them ("owasp-crs-v042200-id942100-sqli").
	Signatures []string
	// Rate is what a rate limit found; nil for other rules.
	Rate *Rate
	// Error says why an expression could not be evaluated, for example a header
	// that is read without has(); the rule then does not match.
	Error string
}

// Rate is what a rate limit found about a key.
type Rate struct {
	// Key is the value that was counted, for example the client's address.
	Key string
	// Outcome says whether the key conforms, exceeds or is banned.
	Outcome RateOutcome
}
