package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/setting/domain"
)

// lockdownRules refuse everything on the license host and on the staff's. The Host header may carry
// a port and is compared without regard to case, so its beginning decides; the
// load balancer routes no longer name that begins like it to this backend.
func lockdownRules(scope Scope) ([]rule.Rule, error) {
	hosts := []string{scope.Host}
	if scope.StaffHost != "" {
		hosts = append(hosts, scope.StaffHost)
	}
	var begins []string
	for _, host := range hosts {
		if !domain.Is(host) {
			return nil, fmt.Errorf("license host %q is not a host name; allowed: lower-case letters, digits, dashes and dots", host)
		}
		begins = append(begins, fmt.Sprintf("request.headers['host'].lower().startsWith('%s')", host))
	}
	if !scope.Lockdown {
		return nil, nil
	}
	return []rule.Rule{{
		Name: "lockdown", Priority: lockdownBand.first, Action: rule.Deny403,
		Description: "Lockdown: refuse everything on the license host",
		Match:       rule.Match{Expression: strings.Join(begins, " || ")},
	}}, nil
}

// regionRules refuse regions that are not listed. A list is one text, because
// an expression holds at most five subexpressions; codes have two letters and
// stand between separators, so no code is found by accident, except the empty
// one, which is decided first and on purpose.
// Source: https://cloud.google.com/armor/docs/rules-language-reference
func regionRules(settings Settings) []rule.Rule {
	if settings.Regions.Off {
		return nil
	}
	listed := fmt.Sprintf("'[%s]'.contains(origin.region_code)", strings.Join(settings.Regions.Allowed, ","))
	expression := "origin.region_code == '' || !" + listed
	if settings.Regions.Unknown == allowUnknown {
		expression = "origin.region_code != '' && !" + listed
	}
	return []rule.Rule{{
		Name: "deny-regions", Priority: regionBand.first, Action: rule.Deny403,
		Description: "Refuse regions that are not listed",
		Match:       rule.Match{Expression: expression},
		Preview:     settings.Preview || settings.Regions.Preview,
	}}
}

// threatRules refuse Google's lists of hostile addresses. A list's place is its
// place among all known lists.
func threatRules(settings Settings) []rule.Rule {
	if !settings.Enterprise || settings.ThreatIntelligence.Off {
		return nil
	}
	var rules []rule.Rule
	for place, list := range knownLists() {
		if !slices.Contains(settings.ThreatIntelligence.Lists, list) {
			continue
		}
		rules = append(rules, rule.Rule{
			Name: "deny-" + strings.TrimPrefix(list, "iplist-"), Priority: threatBand.first + place*threatStep, Action: settings.ThreatIntelligence.Action,
			Description: "Refuse " + list,
			Match:       rule.Match{Expression: threatExpression(list, settings.ThreatIntelligence.Except)},
			Preview:     settings.Preview || settings.ThreatIntelligence.Preview,
		})
	}
	return rules
}

// threatExpression matches a threat list, except for the addresses that are always
// allowed. Source: https://cloud.google.com/armor/docs/threat-intelligence
func threatExpression(list string, except []string) string {
	if len(except) == 0 {
		return fmt.Sprintf("evaluateThreatIntelligence('%s')", list)
	}
	return fmt.Sprintf("evaluateThreatIntelligence('%s', origin.ip, [%s])", list, quoted(except))
}

// blocklistRules refuse the ranges of the blocklist, ten to a rule.
func blocklistRules(settings Settings) []rule.Rule {
	return chunked(settings.Blocklist.Ranges, rule.Rule{
		Name: "blocklist", Priority: blocklistBand.first, Action: rule.Deny403,
		Description: "Refuse blocked ranges",
		Preview:     settings.Preview || settings.Blocklist.Preview,
	})
}

// adaptiveRules refuse clients that adaptive protection has found attacking.
// Source: https://cloud.google.com/armor/docs/adaptive-protection-auto-deploy
func adaptiveRules(settings Settings) []rule.Rule {
	if !settings.Enterprise || settings.AdaptiveProtection.Off {
		return nil
	}
	return []rule.Rule{{
		Name: "adaptive-protection", Priority: adaptiveBand.first, Action: rule.Deny403,
		Description: "Refuse attacks that adaptive protection finds",
		Match:       rule.Match{Expression: "evaluateAdaptiveProtectionAutoDeploy()"},
		Preview:     settings.Preview || settings.AdaptiveProtection.Preview,
	}}
}

// chunked makes one rule like the first for every ten ranges.
func chunked(ranges []string, like rule.Rule) []rule.Rule {
	var rules []rule.Rule
	for chunk := range slices.Chunk(ranges, rule.MaxSourceRanges) {
		each := like
		each.Name = fmt.Sprintf("%s-%d", like.Name, len(rules)+1)
		each.Priority = like.Priority + len(rules)*chunkStep
		each.Match = rule.Match{SourceRanges: slices.Clone(chunk)}
		rules = append(rules, each)
	}
	return rules
}
