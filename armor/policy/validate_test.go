package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

func TestEmptySettingsAreRight(t *testing.T) {
	t.Parallel()
	assert.Empty(t, policy.Settings{}.Validate())
}

func custom(change func(*policy.CustomRule)) policy.Settings {
	rule := policy.CustomRule{Name: "mine", Priority: 2000, Action: rule.Deny403, Expression: "origin.asn == 1"}
	change(&rule)
	return policy.Settings{CustomRules: []policy.CustomRule{rule}}
}

func set(category string, set policy.Set) policy.Settings {
	return policy.Settings{WAF: policy.WAF{Sets: map[string]policy.Set{category: set}}}
}

func TestEveryMistakeIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("10.0.%d.%d", i/250, i%250)
	}
	for name, row := range map[string]struct {
		settings policy.Settings
		key, why string
	}{
		"a name with capitals":            {policy.Settings{Name: "License"}, "name", "not a name"},
		"a log level":                     {policy.Settings{LogLevel: "DEBUG"}, "logLevel", "not known"},
		"a mode":                          {policy.Settings{Mode: "open"}, "mode", "not known"},
		"UK":                              {policy.Settings{Regions: policy.Regions{Allowed: []string{"UK"}}}, "regions.allowed[0]", "not a country code"},
		"a region twice":                  {policy.Settings{Regions: policy.Regions{Allowed: []string{"US", "US"}}}, "regions.allowed[1]", "twice"},
		"what unknown means":              {policy.Settings{Regions: policy.Regions{Unknown: "perhaps"}}, "regions.unknown", "not known"},
		"a friendly list":                 {policy.Settings{ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-search-engines-crawlers"}}}, "threatIntelligence.lists", "not known"},
		"a range":                         {policy.Settings{Blocklist: policy.Ranges{Ranges: []string{"10.0.0.0/99"}}}, "blocklist.ranges[0]", "neither"},
		"a language for a country":        {policy.Settings{Regions: policy.Regions{Allowed: []string{"DE", "EN"}}}, "regions.allowed[1]", "not a country code"},
		"a code of nobody":                {policy.Settings{Regions: policy.Regions{Allowed: []string{"ZZ"}}}, "regions.allowed[0]", "not a country code"},
		"an address with a range's width": {policy.Settings{Blocklist: policy.Ranges{Ranges: []string{"203.0.113.7/24"}}}, "blocklist.ranges[0]", "an address inside of a range"},
		"a range twice":                   {policy.Settings{Blocklist: policy.Ranges{Ranges: []string{"192.0.2.1", "192.0.2.1/32"}}}, "blocklist.ranges[1]", "twice"},
		"everybody blocked":               {policy.Settings{Blocklist: policy.Ranges{Ranges: []string{"0.0.0.0/0"}}}, "blocklist.ranges[0]", "everybody"},
		"everybody allowed":               {policy.Settings{Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"::/0"}}}, "allowlist.ranges[0]", "everybody"},
		"too many ranges":                 {policy.Settings{Blocklist: policy.Ranges{Ranges: many}}, "blocklist.ranges", "too many"},
		"an empty allowlist":              {policy.Settings{Mode: policy.Allowlisted}, "allowlist.ranges", "nobody could call"},
		"a generation":                    {policy.Settings{WAF: policy.WAF{Generation: "v30"}}, "waf.generation", "not known"},
		"a sensitivity":                   {policy.Settings{WAF: policy.WAF{Sensitivity: 5}}, "waf.sensitivity", "out of range"},
		"a set of the other generation":   {set("nodejs", policy.Set{}), "waf.sets", "not a set of generation v422"},
		"an opt-out of the other prefix":  {set("sqli", policy.Set{OptOut: []string{"owasp-crs-v030301-id942251-sqli"}}), "waf.sets.sqli.optOut", "is not one of set"},
		"an exclusion without a field":    {set("sqli", policy.Set{Exclusions: []policy.Exclusion{{}}}), "waf.sets.sqli.exclusions", "names no field"},
		"an exclusion's operator":         {set("xss", policy.Set{Exclusions: []policy.Exclusion{{Headers: []rule.Field{{Operator: "LIKE", Value: "x"}}}}}), "waf.sets.xss.exclusions", "operator \"LIKE\""},
		"a parameter of a list": {
			set("sqli", policy.Set{Exclusions: []policy.Exclusion{{QueryParams: []rule.Field{{Operator: "EQUALS", Value: "items[0]"}}}}}),
			"waf.sets.sqli.exclusions", "which no name of a field may have",
		},
		"a hundred parameters, with the program's own": {
			set("sqli", policy.Set{Exclusions: []policy.Exclusion{{QueryParams: slices.Repeat([]rule.Field{{Operator: "EQUALS", Value: "q"}}, 94)}}}),
			"waf.sets.sqli.exclusions", "name 101 queryParams together",
		},
		"an exclusion's value":           {set("xss", policy.Set{Exclusions: []policy.Exclusion{{Headers: []rule.Field{{Operator: "EQUALS"}}}}}), "waf.sets.xss.exclusions", "value"},
		"a threshold of adaptive":        {policy.Settings{AdaptiveProtection: policy.AdaptiveProtection{LoadThreshold: 1.5}}, "adaptiveProtection.loadThreshold", "out of range"},
		"an interval":                    {policy.Settings{RateLimit: policy.RateLimit{IntervalSeconds: 45}}, "rateLimit.intervalSeconds", "interval 45 s"},
		"a count":                        {policy.Settings{RateLimit: policy.RateLimit{Count: 10001}}, "rateLimit.count", "count 10001"},
		"a ban's duration":               {policy.Settings{RateLimit: policy.RateLimit{BanSeconds: 601}}, "rateLimit.banSeconds", "banDurationSec 601"},
		"a throttle that bans":           {policy.Settings{RateLimit: policy.RateLimit{Action: rule.Throttle, BanSeconds: 600}}, "rateLimit.banSeconds", "throttle has no ban"},
		"a rate limit that denies":       {policy.Settings{RateLimit: policy.RateLimit{Action: rule.Deny403}}, "rateLimit.action", "is not known"},
		"a rate limit's misspelt action": {policy.Settings{RateLimit: policy.RateLimit{Action: "trottle"}}, "rateLimit.action", "is not known"},
		"an exceed action":               {policy.Settings{RateLimit: policy.RateLimit{ExceedAction: rule.Allow}}, "rateLimit.exceedAction", "is not known"},
		"a misspelt key":                 {policy.Settings{RateLimit: policy.RateLimit{Key: "IPS"}}, "rateLimit.key", "is not known"},
		"a misspelt further key":         {policy.Settings{RateLimit: policy.RateLimit{More: []rule.NamedKey{{Key: "PATH"}}}}, "rateLimit.more[0].key", "is not known"},
		"a key without a name":           {policy.Settings{RateLimit: policy.RateLimit{Key: rule.KeyHeader}}, "rateLimit.keyName", "enforceOnKeyName"},
		"an allow before the WAF":        {custom(func(c *policy.CustomRule) { c.Action = rule.Allow }), "customRules[0].priority", "not a free place"},
		"a throttle before the WAF":      {custom(func(c *policy.CustomRule) { c.Action = rule.Throttle }), "customRules[0].priority", "not a free place"},
		"a deny after what lets through": {custom(func(c *policy.CustomRule) { c.Priority = 8000 }), "customRules[0].priority", "not a free place"},
		"a custom rule between WAF sets": {custom(func(c *policy.CustomRule) { c.Priority = 3050 }), "customRules[0].priority", "not a free place"},
		"a custom rule's name":           {custom(func(c *policy.CustomRule) { c.Name = "My Rule" }), "customRules[0].name", "does not name one rule"},
		"a custom expression":            {custom(func(c *policy.CustomRule) { c.Expression = "origin.country == 'US'" }), "customRules[0].expression", "undeclared reference"},
		"a header in capitals":           {custom(func(c *policy.CustomRule) { c.Expression = "has(request.headers['User-Agent'])" }), "customRules[0].expression", "never matches"},
		"a custom description": {custom(func(c *policy.CustomRule) {
			c.Description = "This description is longer than the sixty-four characters allowed"
		}), "customRules[0].description", "characters"},
		"a custom deny with a rate limit": {custom(func(c *policy.CustomRule) { c.RateLimit = &policy.RateLimit{} }), "customRules[0].rateLimit", "belongs to the actions throttle"},
		"an action beside a custom rule's own": {custom(func(c *policy.CustomRule) {
			c.Priority, c.Action, c.RateLimit = 8000, rule.Throttle, &policy.RateLimit{Action: rule.RateBasedBan}
		}), "customRules[0].rateLimit.action", "has no effect here"},
		"a preview beside a custom rule's own": {custom(func(c *policy.CustomRule) {
			c.Priority, c.Action, c.RateLimit = 8000, rule.Throttle, &policy.RateLimit{Preview: true}
		}), "customRules[0].rateLimit.preview", "has no effect here"},
		"a custom rate limit's key": {custom(func(c *policy.CustomRule) {
			c.Priority, c.Action, c.RateLimit = 8000, rule.Throttle, &policy.RateLimit{Key: "IPS"}
		}), "customRules[0].rateLimit.key", "is not known"},
		"a custom action":          {custom(func(c *policy.CustomRule) { c.Action = "redirect" }), "customRules[0].action", "is not known"},
		"ranges and an expression": {custom(func(c *policy.CustomRule) { c.Ranges = []string{"192.0.2.1"} }), "customRules[0].ranges", "both"},
		"eleven custom ranges":     {custom(func(c *policy.CustomRule) { c.Expression, c.Ranges = "", many[:11] }), "customRules[0].ranges", "11 source ranges"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := row.settings.Validate()
			require.NotEmpty(t, problems)
			assert.Equal(t, row.key, problems[0].Key)
			assert.Contains(t, problems[0].Why, row.why)
			assert.NotEmpty(t, problems[0].Allowed)
			_, err := policy.Build(row.settings, scope())
			require.Error(t, err, "what does not validate is not built")
		})
	}
}

func TestAllMistakesAreListedAtOnce(t *testing.T) {
	t.Parallel()
	problems := policy.Settings{LogLevel: "x", Mode: "y", WAF: policy.WAF{Sensitivity: 9}}.Validate()
	assert.Len(t, problems, 3)
}

func TestEverySetThatIsNotKnownIsTold(t *testing.T) {
	t.Parallel()
	problems := policy.Settings{WAF: policy.WAF{Sets: map[string]policy.Set{"sqly": {}, "xxs": {}, "phq": {}}}}.Validate()
	for _, near := range []string{"sqli?", "xss?", "php?"} {
		assert.ErrorContains(t, problems.Err(), "allowed: "+near)
	}
}

// Each part of the settings may be right, and all together be more than a policy may hold.
func TestMoreRulesThanAPolicyMayHaveAreRefusedBeforeAnythingIsDeployed(t *testing.T) {
	t.Parallel()
	settings := policy.Settings{Mode: policy.Allowlisted}
	for i := range 500 {
		settings.Blocklist.Ranges = append(settings.Blocklist.Ranges, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
		settings.Allowlist.Ranges = append(settings.Allowlist.Ranges, fmt.Sprintf("10.1.%d.%d", i/250, i%250))
	}
	assert.Empty(t, settings.Validate())
	for i := range 100 {
		settings.CustomRules = append(settings.CustomRules, policy.CustomRule{
			Name: fmt.Sprintf("mine-%d", i), Priority: 2000 + i, Action: rule.Deny403, Ranges: []string{fmt.Sprintf("10.2.0.%d", i)},
		})
	}
	problems := settings.Validate()
	require.Len(t, problems, 1)
	assert.Equal(t, "rules", problems[0].Key)
	assert.Regexp(t, "policy has 2[0-9][0-9] rules$", problems[0].Why)
	assert.Equal(t, fmt.Sprint(rule.MaxRules), problems[0].Allowed)
}

func TestWhatIsWrongWithALimitByItselfIsNotToldAgainOfTheSeats(t *testing.T) {
	t.Parallel()
	for key, limit := range map[string]policy.SeatLimit{
		"seats.intervalSeconds": {IntervalSeconds: 61, Count: 1}, "seats.devices": {Devices: -1},
	} {
		settings := policy.Settings{Seats: limit}
		assert.ErrorContains(t, settings.Validate().Err(), key)
		assert.Empty(t, settings.ValidateSeats(policy.Seats{}), key)
	}
}
