package policy

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/setting"
)

// maxRanges bounds the blocklist and the allowlist: fifty rules each.
const maxRanges = 500

// Validate lists everything that is wrong with the settings. Keys are relative
// to the settings of the layer.
func (s Settings) Validate() setting.Problems {
	var problems setting.Problems
	s = s.withDefaults()
	if !regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(s.Name) {
		problems.Add("name", s.Name, "is not a name that Google accepts", "lower-case letters, digits and dashes, at most 63, beginning with a letter")
	}
	setting.OneOf(&problems, "logLevel", s.LogLevel, "NORMAL", "VERBOSE")
	setting.OneOf(&problems, "mode", s.Mode, RateLimited, Allowlisted)
	problems = append(problems, s.Regions.validate().Within("regions")...)
	setting.OneOf(&problems, "ipv6", s.IPv6, ipv6Together, ipv6Addresses, ipv6Deny)
	problems = append(problems, s.ThreatIntelligence.validate().Within("threatIntelligence")...)
	problems = append(problems, s.Seats.validate().Within("seats")...)
	problems = append(problems, s.validateParsing()...)
	problems = append(problems, s.Blocklist.validate().Within("blocklist")...)
	problems = append(problems, s.Allowlist.validate().Within("allowlist")...)
	if s.Mode == Allowlisted && len(s.Allowlist.Ranges) == 0 {
		problems.Add("allowlist.ranges", s.Allowlist.Ranges, "is empty, so nobody could call", "the ranges that may call, or mode rateLimit")
	}
	problems = append(problems, s.RateLimit.validate().Within("rateLimit")...)
	problems = append(problems, s.WAF.validate().Within("waf")...)
	problems = append(problems, s.AdaptiveProtection.validate().Within("adaptiveProtection")...)
	problems = append(problems, s.validateCustom()...)
	if len(problems) > 0 {
		return problems
	}
	return s.validateRules()
}

// validateRules builds the policy and reports what its rules say, rule by rule. The
// caller checks the host, so a valid one is used here.
func (s Settings) validateRules() setting.Problems {
	var problems setting.Problems
	// The last one is what the settings say; one before it follows from that.
	for _, each := range slices.Backward(rateLimitRules(s)) {
		if len(problems) == 0 {
			report(&problems, "", each.Mistakes())
		}
	}
	for i, custom := range s.CustomRules {
		denies, passes := customRules(Settings{CustomRules: []CustomRule{custom}})
		for _, each := range append(denies, passes...) {
			key := fmt.Sprintf("customRules[%d]", i)
			report(&problems, key, each.Mistakes())
			reportLines(&problems, key+".expression", custom.Expression, checkExpressions([]rule.Rule{each}))
		}
	}
	for _, each := range wafRules(s) {
		category := strings.TrimPrefix(each.Name, "waf-")
		if _, changed := s.WAF.Sets[category+"-canary"]; changed {
			category += "-canary"
		}
		report(&problems, "waf.sets."+category, each.Mistakes())
		reportLines(&problems, "waf.sets."+category, s.WAF.Sets[category], checkExpressions([]rule.Rule{each}))
	}
	if len(problems) > 0 {
		return problems
	}
	_, err := assemble(s.withSeatLimits(Seats{}), Scope{Host: "host.example.com", Lockdown: true})
	reportLines(&problems, "rules", s.Name, err)
	return problems
}

// report makes one problem of every mistake of a rule, below key.
func report(problems *setting.Problems, key string, mistakes []rule.Mistake) {
	for _, mistake := range mistakes {
		add(problems, strings.TrimPrefix(key+"."+mistake.Field, "."), mistake.Value, mistake.Why)
	}
}

// reportLines makes one problem of every line of an error.
func reportLines(problems *setting.Problems, key string, value any, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		add(problems, key, value, strings.TrimSpace(line))
	}
}

// add splits what a rule says into what is wrong and what is allowed.
func add(problems *setting.Problems, key string, value any, says string) {
	why, allowed, found := strings.Cut(says, "; allowed: ")
	if !found {
		allowed = "what the rule's documentation says"
	}
	problems.Add(key, value, why, allowed)
}

func (r Regions) validate() setting.Problems {
	var problems setting.Problems
	seen := map[string]bool{}
	for i, region := range r.Allowed {
		key := fmt.Sprintf("allowed[%d]", i)
		switch {
		case !isCountry(region):
			problems.Add(key, region, "is not a country code", "two capital letters of ISO 3166-1 alpha 2, for example US or GB")
		case seen[region]:
			problems.Add(key, region, "is listed twice", "every country once")
		}
		seen[region] = true
	}
	setting.OneOf(&problems, "unknown", r.Unknown, denyUnknown, allowUnknown)
	return problems
}

// isCountry tells whether a code is of ISO 3166-1 alpha 2, in capital letters. The
// list is that of the Unicode project, which has Kosovo's XK as Google has it.
func isCountry(code string) bool {
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry() && region.String() == code && len(code) == 2 && code != "UK"
}

func (r Ranges) validate() setting.Problems {
	var problems setting.Problems
	seen := map[string]bool{}
	for i, text := range r.Ranges {
		key := fmt.Sprintf("ranges[%d]", i)
		prefix, err := rule.ParseRange(text)
		written, _ := netip.ParsePrefix(text)
		switch {
		case err != nil:
			problems.Add(key, text, "is neither a CIDR range nor an IP address", "for example 203.0.113.0/24 or 2001:db8::/32")
		case prefix.Bits() == 0:
			problems.Add(key, text, "matches everybody", "ranges that are smaller than the internet")
		case written.IsValid() && written != prefix:
			problems.Add(key, text, "is an address inside of a range", fmt.Sprintf("%s for the range, or %s for the address", prefix, written.Addr()))
		case seen[prefix.String()]:
			problems.Add(key, text, "is listed twice", "every range once")
		default:
			seen[prefix.String()] = true
		}
	}
	if len(r.Ranges) > maxRanges {
		problems.Add("ranges", len(r.Ranges), "are too many ranges", fmt.Sprintf("at most %d", maxRanges))
	}
	return problems
}

// validate checks the words of a rate limit. Its numbers, and what fits together, are checked with
// the rule that they make.
func (l RateLimit) validate() setting.Problems {
	var problems setting.Problems
	setting.OneOf(&problems, "action", l.Action, rule.RateBasedBan, rule.Throttle)
	setting.OneOf(&problems, "exceedAction", l.ExceedAction, rule.ExceedActions()...)
	setting.OneOf(&problems, "key", l.Key, rule.Keys()...)
	for i, more := range l.More {
		setting.OneOf(&problems, fmt.Sprintf("more[%d].key", i), more.Key, rule.Keys()...)
	}
	return problems
}

// validateCustom checks the rate limit of a custom rule, which says its action and its preview
// itself.
func (l RateLimit) validateCustom(key string, action rule.Action) setting.Problems {
	var problems setting.Problems
	if !action.IsRateLimit() {
		problems.Add(key+".rateLimit", l, "belongs to the actions throttle and rate_based_ban only", "no rateLimit, or one of these actions")
		return problems
	}
	if l.Action != "" {
		problems.Add(key+".rateLimit.action", string(l.Action), "has no effect here", key+".action")
	}
	if l.Preview {
		problems.Add(key+".rateLimit.preview", l.Preview, "has no effect here", key+".preview")
	}
	l.Action = action
	return append(problems, l.withDefaults().validate().Within(key+".rateLimit")...)
}

func (w WAF) validate() setting.Problems {
	var problems setting.Problems
	setting.OneOf(&problems, "generation", w.Generation, rule.V422, rule.V33)
	setting.InRange(&problems, "sensitivity", w.Sensitivity, 1, 4, "")
	setting.OneOf(&problems, "action", w.Action, refusals()...)
	if len(problems) > 0 {
		return problems
	}
	known := categories(w.Generation)
	for category, set := range w.Sets {
		if !slices.Contains(known, category) {
			problems.Add("sets", category, "is not a set of generation "+string(w.Generation), setting.Hint(category, known))
			continue
		}
		setting.InRange(&problems, "sets."+category+".sensitivity", set.Sensitivity, 0, 4, "")
		if category == rule.JSONSQLiSet && (set.Sensitivity != 0 || len(set.OptOut) > 0 || len(set.OptIn) > 0) {
			problems.Add("sets."+category, set, "has one signature, which is on or off", "off, preview, exclusions")
		}
		parsed, err := rule.ParseSet(w.Generation.SetName(category))
		if err != nil {
			continue
		}
		if len(set.OptIn) > 0 && (set.OptOut != nil || set.Sensitivity != 0) {
			problems.Add("sets."+category+".optIn", set.OptIn, "are the only signatures, so nothing else can be chosen", "optIn alone, or optOut and sensitivity")
		}
		for key, ids := range map[string][]string{"optOut": set.OptOut, "optIn": set.OptIn} {
			for _, id := range ids {
				if err := parsed.CheckSignature(id); err != nil {
					reportLines(&problems, "sets."+category+"."+key, id, err)
				}
			}
		}
	}
	return problems
}

func (a AdaptiveProtection) validate() setting.Problems {
	var problems setting.Problems
	setting.InRange(&problems, "loadThreshold", a.LoadThreshold, 0.01, 1, "")
	setting.InRange(&problems, "confidenceThreshold", a.ConfidenceThreshold, 0.01, 1, "")
	setting.InRange(&problems, "impactedBaselineThreshold", a.ImpactedBaselineThreshold, 0.01, 1, "")
	setting.OneOf(&problems, "ruleVisibility", a.RuleVisibility, "STANDARD", "PREMIUM")
	setting.InRange(&problems, "expirationSeconds", a.ExpirationSeconds, 1, 7200, "")
	return problems
}

// validateCustom checks where custom rules stand; what they say is checked as
// for any other rule.
func (s Settings) validateCustom() setting.Problems {
	var problems setting.Problems
	names, priorities := map[string]bool{}, map[int]bool{}
	for i, custom := range s.CustomRules {
		key := fmt.Sprintf("customRules[%d]", i)
		if !regexp.MustCompile(`^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$`).MatchString(custom.Name) || names[custom.Name] {
			problems.Add(key+".name", custom.Name, "does not name one rule", "a unique name: lower-case letters, digits and dashes")
		}
		home := customDenyBand
		if custom.Action.LetsThrough() {
			home = customPassBand
		}
		if custom.Priority < home.first || custom.Priority > home.last || priorities[custom.Priority] {
			problems.Add(key+".priority", custom.Priority, fmt.Sprintf("is not a free place for a rule with action %q", custom.Action),
				fmt.Sprintf("a place of its own from %d to %d: an allow or a rate limit stands after all denies", home.first, home.last))
		}
		if custom.RateLimit != nil {
			problems = append(problems, custom.RateLimit.validateCustom(key, custom.Action)...)
		}
		names[custom.Name], priorities[custom.Priority] = true, true
	}
	return problems
}
