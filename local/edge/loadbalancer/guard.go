package loadbalancer

import (
	"context"
	"net/http"
)

// Guard is the part of Cloud Armor that the load balancer uses: one decision for each
// request, before it reaches a backend.
type Guard interface {
	Evaluate(ctx context.Context, inspection Inspection) Verdict
}

// Inspection is what a guard is shown of a request.
type Inspection struct {
	// Request is the client's request; its body must be left alone.
	Request *http.Request
	// Body is the beginning of the body, as much as Backend.InspectBytes allows.
	Body []byte
	// Client is who sent the request.
	Client Client
}

// Verdict is a guard's decision. The zero value lets the request pass.
type Verdict struct {
	// Status stops the request with this status when it is not 0: 403, 404, 429,
	// 502, or 302 together with Location.
	Status int
	// Location is where a redirect leads.
	Location string
	// AddHeaders are set on a request that passes (a rule's headerAction).
	AddHeaders http.Header
	// Enforced is the rule that decided, for the log; nil when no policy did.
	Enforced *PolicyMatch
	// Preview is the first rule in preview mode that matched, nil when none did.
	Preview *PolicyMatch
}

// PolicyMatch is how the load balancer's log names a Cloud Armor rule that
// matched (https://cloud.google.com/armor/docs/request-logging).
type PolicyMatch struct {
	Name             string           `json:"name"`
	Priority         int              `json:"priority"`
	ConfiguredAction string           `json:"configuredAction"`
	Outcome          string           `json:"outcome"`
	MatchedRuleIDs   []string         `json:"preconfiguredExprIds,omitempty"`
	RateLimit        *RateLimitAction `json:"rateLimitAction,omitempty"`
}

// RateLimitAction is the part of a log entry that a throttle or rate-based ban
// rule adds.
type RateLimitAction struct {
	Key     string `json:"key,omitempty"`
	Outcome string `json:"outcome"`
}
