package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// Scope is what the policy needs besides its own settings.
type Scope struct {
	// Host is the license API's host name, for example licenses.coditect.ai.
	Host string
	// StaffHost is the staff's host of the same API; empty without one.
	StaffHost string
	// Lockdown refuses everything on both hosts before any other rule is looked
	// at: the answer to an incident.
	Lockdown bool
	// Seats are the properties of the licences that the rate limit depends on.
	Seats Seats
}

// Policy is a security policy as plain data.
type Policy struct {
	// Name and Description are the policy's.
	Name, Description string
	// Rules by priority; the last one is the default rule.
	Rules []rule.Rule
	// JSONParsing is STANDARD: bodies of type application/json are parsed, so
	// that their brackets and quotes are not taken for an attack.
	// Source: https://cloud.google.com/armor/docs/content-parsing
	JSONParsing string
	// JSONContentTypes are all content types that are parsed as JSON; empty means
	// application/json alone.
	JSONContentTypes []string
	// UserIPHeaders are where origin.user_ip and the key USER_IP come from.
	UserIPHeaders []string
	// LogLevel is NORMAL or VERBOSE.
	LogLevel string
	// AdaptiveProtection is nil when it is off.
	AdaptiveProtection *AdaptiveProtection
	// AutoDeploy says that the thresholds of AdaptiveProtection are declared,
	// which takes Cloud Armor Enterprise.
	AutoDeploy bool
}

// Default is the policy's default rule.
func (p Policy) Default() rule.Rule { return p.Rules[len(p.Rules)-1] }

// NonDefaultRules are all rules except the default rule, by priority.
func (p Policy) NonDefaultRules() []rule.Rule { return p.Rules[:len(p.Rules)-1] }

// Build makes the policy. It refuses settings that Validate refuses, and a rule
// that would stand in the wrong place.
func Build(settings Settings, scope Scope) (Policy, error) {
	if err := settings.Validate().Err(); err != nil {
		return Policy{}, fmt.Errorf("settings of the security policy: %w", err)
	}
	settings = settings.withSeatLimits(scope.Seats)
	if err := settings.ValidateSeats(scope.Seats).Err(); err != nil {
		return Policy{}, fmt.Errorf("settings of the security policy: %w", err)
	}
	return assemble(settings.withDefaults(), scope)
}

// assemble puts the rules into their bands, first to last.
func assemble(settings Settings, scope Scope) (Policy, error) {
	denies, passes := customRules(settings)
	lockdown, err := lockdownRules(scope)
	mistakes := []error{err}
	var rules []rule.Rule
	for _, part := range []struct {
		band  band
		rules []rule.Rule
	}{
		{lockdownBand, lockdown},
		{regionBand, regionRules(settings)},
		{ipv6Band, ipv6Rules(settings)},
		{threatBand, threatRules(settings)},
		{blocklistBand, blocklistRules(settings)},
		{customDenyBand, denies},
		{wafBand, wafRules(settings)},
		{adaptiveBand, adaptiveRules(settings)},
		{customPassBand, passes},
		{allowlistBand, allowlistRules(settings)},
		{seatBand, seatRules(settings)},
		{rateLimitBand, rateLimitRules(settings)},
	} {
		placed, err := part.band.put(part.rules...)
		mistakes = append(mistakes, err)
		rules = append(rules, placed...)
	}
	rules = append(rules, lastRules(settings)...)
	slices.SortStableFunc(rules, func(a, b rule.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	policy := Policy{
		Name:        settings.Name,
		Description: "Cloud Armor policy of the license API",
		Rules:       rules,
		JSONParsing: "STANDARD",
		LogLevel:    settings.LogLevel,

		JSONContentTypes: settings.jsonContentTypes(),
		UserIPHeaders:    settings.UserIPHeaders,
	}
	if !settings.AdaptiveProtection.Off {
		adaptive := settings.AdaptiveProtection
		policy.AdaptiveProtection, policy.AutoDeploy = &adaptive, settings.Enterprise
	}
	if err := errors.Join(append(mistakes, policy.Check())...); err != nil {
		return Policy{}, fmt.Errorf("security policy %q: %w", settings.Name, err)
	}
	return policy, nil
}
