package policy

import (
	"errors"
	"fmt"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// band is a stretch of priorities that belongs to one kind of rule. Bands lie
// apart, and inside a band every rule has a place of its own, so turning a rule
// on or off never moves another one.
type band struct {
	name        string
	first, last int
	// letsThrough says whether the band's rules let requests through; the
	// other bands hold denies only.
	letsThrough bool
}

// The bands, in the order in which Cloud Armor looks at them. What lets requests
// through comes after everything that refuses them: the first rule that matches
// ends the evaluation, and a conforming request of a rate limit is allowed.
// Source: https://cloud.google.com/armor/docs/security-policy-overview
var (
	lockdownBand   = band{name: "lockdown", first: 100, last: 100}
	regionBand     = band{name: "regions", first: 1000, last: 1000}
	ipv6Band       = band{name: "IPv6", first: 1050, last: 1050}
	threatBand     = band{name: "threat intelligence", first: 1100, last: 1199}
	blocklistBand  = band{name: "blocklist", first: 1200, last: 1999}
	customDenyBand = band{name: "custom denies", first: 2000, last: 2999}
	wafBand        = band{name: "WAF sets", first: 3000, last: 4999}
	adaptiveBand   = band{name: "adaptive protection", first: 7000, last: 7000}
	customPassBand = band{name: "custom rules that let through", first: 8000, last: 8999, letsThrough: true}
	allowlistBand  = band{name: "allowlist", first: 9000, last: 9799, letsThrough: true}
	seatBand       = band{name: "heartbeats and releases", first: 9900, last: 9900, letsThrough: true}
	rateLimitBand  = band{name: "rate limit", first: 9995, last: 10010, letsThrough: true}
)

// The steps between neighbours in a band.
const (
	threatStep = 10
	chunkStep  = 10
	wafStep    = 100
	// otherRequestFirst is the priority of the first of the otherRequestRules.
	otherRequestFirst = 4900
	otherRequestStep  = 10
)

// The priorities at the end of the policy.
const (
	// banPriority is the priority of the rate limit with a ban; the throttle is last
	// in their band.
	banPriority = 10000
	// refusedPriority is where an allowlist in preview logs whom it would refuse.
	refusedPriority = rule.DefaultPriority - 2
	// everyoneElsePriority decides what no other rule has decided. It is a rule
	// of its own because provider v5.42 cannot manage the default rule of a
	// policy that it has created; see package armor.
	everyoneElsePriority = rule.DefaultPriority - 1
)

// put checks that rules belong into a band, by priority and by action.
func (b band) put(rules ...rule.Rule) ([]rule.Rule, error) {
	var mistakes []error
	for _, each := range rules {
		if each.Priority < b.first || each.Priority > b.last {
			mistakes = append(mistakes, fmt.Errorf("%s is outside the band %q, %d to %d", each, b.name, b.first, b.last))
		}
		if each.Action.LetsThrough() != b.letsThrough {
			mistakes = append(mistakes, fmt.Errorf("%s has action %s, which has no place in the band %q", each, each.Action, b.name))
		}
	}
	return rules, errors.Join(mistakes...)
}
