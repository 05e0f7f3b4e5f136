package policy_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

func TestEachSwitchPutsItsOwnRulesIntoPreviewAndNoOthers(t *testing.T) {
	t.Parallel()
	settings := func(change func(*policy.Settings)) policy.Settings {
		s := policy.Settings{
			Enterprise: true, IPv6: "deny",
			ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-tor-exit-nodes"}},
			Blocklist:          policy.Ranges{Ranges: []string{"192.0.2.0/24"}},
			CustomRules: []policy.CustomRule{
				{Name: "no-wordpress", Priority: 2100, Action: rule.Deny404, Expression: "request.path.startsWith('/wp-')"},
			},
		}
		change(&s)
		return s
	}
	inPreview := func(s policy.Settings) (names []string) {
		for _, each := range build(t, s).Rules {
			if each.Preview {
				names = append(names, each.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	for name, c := range map[string]struct {
		change func(*policy.Settings)
		rules  []string
	}{
		"none":                           {func(*policy.Settings) {}, nil},
		"the regions'":                   {func(s *policy.Settings) { s.Regions.Preview = true }, []string{"deny-regions"}},
		"threat intelligence's":          {func(s *policy.Settings) { s.ThreatIntelligence.Preview = true }, []string{"deny-tor-exit-nodes"}},
		"the blocklist's":                {func(s *policy.Settings) { s.Blocklist.Preview = true }, []string{"blocklist-1"}},
		"adaptive protection's":          {func(s *policy.Settings) { s.AdaptiveProtection.Preview = true }, []string{"adaptive-protection"}},
		"a custom rule's":                {func(s *policy.Settings) { s.CustomRules[0].Preview = true }, []string{"custom-no-wordpress"}},
		"the rate limit's":               {func(s *policy.Settings) { s.RateLimit.Preview = true }, []string{"keep-seats", "rate-limit-ban"}},
		"without a blocklist":            {func(s *policy.Settings) { s.Blocklist = policy.Ranges{Preview: true} }, nil},
		"the rate limit's, of IPv6, too": {func(s *policy.Settings) { s.RateLimit.Preview, s.IPv6 = true, "together" }, []string{"keep-seats", "rate-limit-ban", "rate-limit-ipv6"}},
	} {
		assert.Equal(t, c.rules, inPreview(settings(c.change)), name)
	}
}
