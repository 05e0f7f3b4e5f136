package rule

import (
	"strconv"
	"strings"
)

// Action is what a rule does to a request, as the API spells it.
type Action string

// The actions that this project uses. The API also knows redirect and
// fairshare, which it doesn't declare.
const (
	Allow        Action = "allow"
	Deny403      Action = "deny(403)"
	Deny404      Action = "deny(404)"
	Deny429      Action = "deny(429)"
	Deny502      Action = "deny(502)"
	Throttle     Action = "throttle"
	RateBasedBan Action = "rate_based_ban"
)

// IsDeny says whether the action refuses the request.
func (a Action) IsDeny() bool { return a.Status() != 0 }

// IsRateLimit says whether the action counts requests.
func (a Action) IsRateLimit() bool { return a == Throttle || a == RateBasedBan }

// LetsThrough says whether a request that matches may pass and ends the
// evaluation: an allow, or a rate limit, whose conforming requests are allowed.
func (a Action) LetsThrough() bool { return a == Allow || a.IsRateLimit() }

// Status is the HTTP status of a deny action, 0 for any other action.
func (a Action) Status() int {
	inner, found := strings.CutPrefix(string(a), "deny(")
	if !found || !strings.HasSuffix(inner, ")") {
		return 0
	}
	status, err := strconv.Atoi(strings.TrimSuffix(inner, ")"))
	if err != nil {
		return 0
	}
	return status
}

// enforced are the actions a rule may have. deny(429) is only an exceed action.
// Source: field "action" of compute.SecurityPolicyRule in pulumi-gcp v7.38.
func enforced() []Action {
	return []Action{Allow, Deny403, Deny404, Deny502, Throttle, RateBasedBan}
}

// ExceedActions are the actions for requests above a rate limit.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
func ExceedActions() []Action {
	return []Action{Deny403, Deny404, Deny429, Deny502}
}
