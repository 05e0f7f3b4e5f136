package rule_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/rule"
)

func denying() rule.Rule {
	return rule.Rule{Name: "r", Priority: 1, Action: rule.Deny403, Match: rule.Match{SourceRanges: []string{"192.0.2.0/24", "2001:db8::1", rule.Any}}}
}

func limiting(action rule.Action) rule.Rule {
	r := denying()
	r.Action = action
	r.RateLimit = &rule.RateLimit{
		Threshold: rule.Threshold{Count: 1, IntervalSeconds: 60}, ConformAction: rule.Allow, ExceedAction: rule.Deny429, Key: rule.KeyIP,
	}
	if action == rule.RateBasedBan {
		r.RateLimit.Ban = &rule.Ban{DurationSeconds: 60}
	}
	return r
}

func TestARuleWithinTheLimitsOfTheAPIIsNotRefused(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]rule.Rule{
		"a refusal":               denying(),
		"the first priority":      with(denying(), func(r *rule.Rule) { r.Priority = rule.FirstPriority }),
		"the longest description": with(denying(), func(r *rule.Rule) { r.Description = strings.Repeat("é", rule.MaxDescription) }),
		"the most ranges":         with(denying(), func(r *rule.Rule) { r.Match.SourceRanges = slices.Repeat([]string{"192.0.2.1"}, rule.MaxSourceRanges) }),
		"an expression":           with(denying(), func(r *rule.Rule) { r.Match = rule.Match{Expression: "true"} }),
		"the default rule":        with(denying(), func(r *rule.Rule) { r.Priority, r.Match.SourceRanges = rule.DefaultPriority, []string{rule.Any} }),
		"a throttle":              limiting(rule.Throttle),
		"the largest throttle":    with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Threshold.Count = rule.MaxThrottleCount }),
		"a ban":                   limiting(rule.RateBasedBan),
		"the largest ban":         with(limiting(rule.RateBasedBan), func(r *rule.Rule) { r.RateLimit.Threshold.Count = rule.MaxBanCount }),
		"a ban with a threshold": with(limiting(rule.RateBasedBan), func(r *rule.Rule) {
			r.RateLimit.Ban.Threshold = rule.Threshold{Count: rule.MaxBanCount, IntervalSeconds: 10}
		}),
		"a header and two more": with(limiting(rule.Throttle), func(r *rule.Rule) {
			r.RateLimit.Key, r.RateLimit.KeyName, r.RateLimit.More = rule.KeyHeader, "X", []rule.NamedKey{{Key: rule.KeyHeader, Name: "Y"}, {Key: rule.KeyIP}}
		}),
		"an exclusion": with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{
				Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942251-sqli"}, Headers: []rule.Field{{Operator: "EQUALS", Value: "x"}},
			}}
		}),
		"the most excluded fields": with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", URIs: slices.Repeat([]rule.Field{{Operator: rule.OperatorAny}}, rule.MaxExclusionFields)}}
		}),
		"as many fields of another kind, set and signature": with(denying(), func(r *rule.Rule) {
			most := slices.Repeat([]rule.Field{{Operator: "EQUALS", Value: "a.B-9_~"}}, rule.MaxExclusionFields)
			r.Exclusions = []rule.Exclusion{
				{Set: "sqli-v422-stable", Headers: most, Cookies: most},
				{Set: "xss-v422-stable", Headers: most},
				{Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942251-sqli"}, Headers: most},
				{Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942420-sqli"}, Headers: most},
			}
		}),
	} {
		assert.NoError(t, made.Check(), name)
	}
}

func TestWhatTheAPIRefusesIsRefusedOneLineForEachMistake(t *testing.T) {
	t.Parallel()
	for says, made := range map[string]rule.Rule{
		"priority is outside 0 to":                   with(denying(), func(r *rule.Rule) { r.Priority = -1 }),
		"priority is outside 0 to 2147483647":        with(denying(), func(r *rule.Rule) { r.Priority = rule.DefaultPriority + 1 }),
		`action "deny(429)" is not known`:            with(denying(), func(r *rule.Rule) { r.Action = rule.Deny429 }),
		"description has 65 characters; allowed: 64": with(denying(), func(r *rule.Rule) { r.Description = strings.Repeat("é", 65) }),
		"a rule with exclusions cannot have the action": with(denying(), func(r *rule.Rule) {
			r.Action, r.Exclusions = rule.Allow, []rule.Exclusion{{Set: "sqli-v422-stable", URIs: []rule.Field{{Operator: rule.OperatorAny}}}}
		}),
		`exclusion: signature "owasp-crs-v042200-id942251-xss"`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942251-xss"}, URIs: []rule.Field{{Operator: rule.OperatorAny}}}}
		}),
		"exclusion on sqli-v422-stable names no field": with(denying(), func(r *rule.Rule) { r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable"}} }),
		"name 101 cookies together; allowed: 100": with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", Cookies: slices.Repeat([]rule.Field{{Operator: rule.OperatorAny}}, 101)}}
		}),
		"exclusions on sqli-v422-stable:owasp-crs-v042200-id942251-sqli name 101 headers together": with(denying(), func(r *rule.Rule) {
			both := []string{"owasp-crs-v042200-id942251-sqli", "owasp-crs-v042200-id942420-sqli"}
			r.Exclusions = []rule.Exclusion{
				{Set: "sqli-v422-stable", Signatures: both, Headers: slices.Repeat([]rule.Field{{Operator: rule.OperatorAny}}, 100)},
				{Set: "sqli-v422-stable", Signatures: both, Headers: []rule.Field{{Operator: rule.OperatorAny}}},
			}
		}),
		`value "items[0]" has '['`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", QueryParams: []rule.Field{{Operator: "EQUALS", Value: "items[0]"}}}}
		}),
		`value "naïve" has 'ï'`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", Cookies: []rule.Field{{Operator: "CONTAINS", Value: "naïve"}}}}
		}),
		`value "/v1/?x" has a query or a fragment`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", URIs: []rule.Field{{Operator: "STARTS_WITH", Value: "/v1/?x"}}}}
		}),
		`operator "LIKE" is not known`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", Headers: []rule.Field{{Operator: "LIKE", Value: "x"}}}}
		}),
		`operator EQUALS with value ""`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", QueryParams: []rule.Field{{Operator: "EQUALS"}}}}
		}),
		`operator EQUALS_ANY with value "x"`: with(denying(), func(r *rule.Rule) {
			r.Exclusions = []rule.Exclusion{{Set: "sqli-v422-stable", QueryParams: []rule.Field{{Operator: rule.OperatorAny, Value: "x"}}}}
		}),
		`"*" and is enforced`: with(denying(), func(r *rule.Rule) { r.Priority, r.Match.SourceRanges = rule.DefaultPriority, []string{"192.0.2.1"} }),
		"the default rule matches": with(denying(), func(r *rule.Rule) {
			r.Priority, r.Match.SourceRanges, r.Preview = rule.DefaultPriority, []string{rule.Any}, true
		}),
		"match needs source ranges or an expression":     with(denying(), func(r *rule.Rule) { r.Match = rule.Match{} }),
		"match has both source ranges and an expression": with(denying(), func(r *rule.Rule) { r.Match.Expression = "true" }),
		"match has 11 source ranges; allowed: 10":        with(denying(), func(r *rule.Rule) { r.Match.SourceRanges = slices.Repeat([]string{"192.0.2.1"}, 11) }),
		`source range "192.0.2.0/33" is neither`:         with(denying(), func(r *rule.Rule) { r.Match.SourceRanges = []string{rule.Any, "192.0.2.0/33"} }),
		"rate limit options belong to":                   with(limiting(rule.Throttle), func(r *rule.Rule) { r.Action = rule.Deny403 }),
		"action throttle needs rate limit options":       with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit = nil }),
		"rateLimitThreshold count 0; allowed: 1 to":      with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Threshold.Count = 0 }),
		"rateLimitThreshold count 1000001":               with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Threshold.Count = rule.MaxThrottleCount + 1 }),
		"rateLimitThreshold count 10001":                 with(limiting(rule.RateBasedBan), func(r *rule.Rule) { r.RateLimit.Threshold.Count = rule.MaxBanCount + 1 }),
		"rateLimitThreshold interval 61 s":               with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Threshold.IntervalSeconds = 61 }),
		`conform action "deny(403)"`:                     with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.ConformAction = rule.Deny403 }),
		`exceed action "allow"`:                          with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.ExceedAction = rule.Allow }),
		`enforceOnKey "MAC"`:                             with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Key = "MAC" }),
		`enforceOnKeyName "" with enforceOnKey HTTP_C`:   with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Key = rule.KeyCookie }),
		`enforceOnKeyName "" with enforceOnKey HTTP_H`:   with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Key = rule.KeyHeader }),
		`enforceOnKeyName "X" with enforceOnKey IP`:      with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.KeyName = "X" }),
		"rate limit counts by IP twice":                  with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.More = []rule.NamedKey{{Key: rule.KeyIP}} }),
		"rate limit counts by 4 keys; allowed: 3": with(limiting(rule.Throttle), func(r *rule.Rule) {
			r.RateLimit.More = []rule.NamedKey{{Key: rule.KeySNI}, {Key: rule.KeyPath}, {Key: rule.KeyAll}}
		}),
		"a throttle has no ban":               with(limiting(rule.Throttle), func(r *rule.Rule) { r.RateLimit.Ban = &rule.Ban{DurationSeconds: 60} }),
		"rate_based_ban needs banDurationSec": with(limiting(rule.RateBasedBan), func(r *rule.Rule) { r.RateLimit.Ban = nil }),
		"banDurationSec 61":                   with(limiting(rule.RateBasedBan), func(r *rule.Rule) { r.RateLimit.Ban.DurationSeconds = 61 }),
		"banThreshold count 10001; allowed: 1 to 10000": with(limiting(rule.RateBasedBan), func(r *rule.Rule) {
			r.RateLimit.Ban.Threshold = rule.Threshold{Count: rule.MaxBanCount + 1, IntervalSeconds: 60}
		}),
		"banThreshold interval 61 s": with(limiting(rule.RateBasedBan), func(r *rule.Rule) { r.RateLimit.Ban.Threshold = rule.Threshold{Count: 1, IntervalSeconds: 61} }),
	} {
		err := made.Check()
		require.ErrorContains(t, err, says)
		assert.Len(t, strings.Split(err.Error(), "\n"), 1, "nothing else is wrong: %s", says)
	}
	several := with(denying(), func(r *rule.Rule) { r.Priority, r.Match.SourceRanges = -1, []string{"a", "b"} })
	assert.Len(t, strings.Split(several.Check().Error(), "\n"), 3)
}

func with(r rule.Rule, change func(*rule.Rule)) rule.Rule {
	change(&r)
	return r
}

func TestOnlyWhatLooksLikeAStatusIsARefusal(t *testing.T) {
	t.Parallel()
	for action, status := range map[rule.Action]int{"deny(403": 0, "403)": 0, "deny(4x3)": 0, "deny()": 0, "deny(404)": 404} {
		assert.Equal(t, status, action.Status(), action)
	}
}

func TestARangeIsReadWithItsHostBitsCleared(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"192.0.2.7/24": "192.0.2.0/24", "192.0.2.7": "192.0.2.7/32", "2001:db8::1": "2001:db8::1/128"} {
		prefix, err := rule.ParseRange(text)
		require.NoError(t, err)
		assert.Equal(t, want, prefix.String())
	}
	for _, text := range []string{"", "*", "192.0.2.0/33", "192.0.2", "/24"} {
		_, err := rule.ParseRange(text)
		assert.ErrorContains(t, err, "range", text)
	}
}

func TestASetOutsideTheGenerationsKeepsItsName(t *testing.T) {
	t.Parallel()
	assert.Equal(t, rule.CVESet, rule.V33.SetName(rule.CVESet))
	assert.Equal(t, rule.JSONSQLiSet, rule.V422.SetName(rule.JSONSQLiSet))
	assert.Equal(t, "xss-v33-stable", rule.V33.SetName("xss"))
}
