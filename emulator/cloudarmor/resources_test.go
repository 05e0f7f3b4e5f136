package cloudarmor_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// resource is the properties of a rule as the provider gets them: numbers are
// float64, lists are []any.
func resource(change func(map[string]any)) map[string]any {
	properties := map[string]any{
		"securityPolicy": "p", "priority": 10000.0, "action": "rate_based_ban", "preview": false, "description": "limit",
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"*"}}},
		"rateLimitOptions": map[string]any{
			"conformAction": "allow", "exceedAction": "deny(429)", "enforceOnKey": "IP", "banDurationSec": 600.0,
			"rateLimitThreshold": map[string]any{"count": 2.0, "intervalSec": 60.0},
			"banThreshold":       map[string]any{"count": 5.0, "intervalSec": 300.0},
		},
	}
	change(properties)
	return properties
}

func expr(text string) map[string]any {
	return map[string]any{"expr": map[string]any{"expression": text}}
}

func plainDeny(p map[string]any) {
	p["action"] = "deny(403)"
	delete(p, "rateLimitOptions")
}

func inlineDefault() map[string]any {
	return map[string]any{"name": "p", "rules": []any{map[string]any{
		"action": "allow", "priority": 2147483647.0,
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"*"}}},
	}}, "advancedOptionsConfig": map[string]any{"jsonParsing": "STANDARD", "userIpRequestHeaders": []any{"X-Real-IP"}}}
}

func TestAPolicyIsReadFromItsResources(t *testing.T) {
	t.Parallel()
	excluding := resource(func(p map[string]any) {
		plainDeny(p)
		p["priority"], p["match"] = 100.0, expr("inIpRange(origin.user_ip, '192.0.2.0/24') || evaluatePreconfiguredWaf('xss-v422-stable', {'sensitivity': 1})")
		p["preconfiguredWafConfig"] = map[string]any{"exclusions": []any{map[string]any{
			"targetRuleSet": "xss-v422-stable", "requestQueryParams": []any{map[string]any{"operator": "EQUALS", "value": "html"}},
		}}}
	})
	policy, err := cloudarmor.FromResources(inlineDefault(), []map[string]any{resource(func(map[string]any) {}), excluding})
	require.NoError(t, err)
	require.Len(t, policy.Rules(), 3)
	assert.Equal(t, &rule.RateLimit{
		Threshold: rule.Threshold{Count: 2, IntervalSeconds: 60}, ConformAction: rule.Allow, ExceedAction: rule.Deny429, Key: rule.KeyIP,
		Ban: &rule.Ban{Threshold: rule.Threshold{Count: 5, IntervalSeconds: 300}, DurationSeconds: 600},
	}, policy.Rules()[1].RateLimit)

	evaluator := cloudarmor.New(policy, cloudarmor.Options{WAF: sharedWAF()})
	decide := func(request cloudarmor.Request) int {
		return evaluator.Evaluate(context.Background(), request).Priority()
	}
	assert.Equal(t, 100, decide(get(with("X-Real-IP", "192.0.2.7"))), "the header the policy trusts")
	assert.Equal(t, 10000, decide(get(with("X-Forwarded-For", "192.0.2.7"))))
	assert.Equal(t, 100, decide(get(at("/", "q=<script>alert(1)</script>"))))
	assert.Equal(t, 10000, decide(get(at("/", "html=<script>alert(1)</script>"))))
}

func TestWhatTheAPIRefusesIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(map[string]any)
		says   string
	}{
		"an expression that does not compile": {func(p map[string]any) { plainDeny(p); p["match"] = expr("request.pth == '/'") }, "undeclared reference"},
		"the operator in":                     {func(p map[string]any) { plainDeny(p); p["match"] = expr("origin.region_code in ['US']") }, "operator in is not in"},
		"six subexpressions": {func(p map[string]any) {
			plainDeny(p)
			p["match"] = expr(repeated("origin.asn == 1 || ", 5) + "origin.asn == 2")
		}, "6 subexpressions"},
		"a deprecated function": {func(p map[string]any) { plainDeny(p); p["match"] = expr("evaluatePreconfiguredExpr('sqli-stable')") }, "deprecated"},
		"a set that does not exist": {func(p map[string]any) {
			plainDeny(p)
			p["match"] = expr("evaluatePreconfiguredWaf('project-shield-stable')")
		}, "does not exist"},
		"nodejs in v422": {func(p map[string]any) {
			plainDeny(p)
			p["match"] = expr("evaluatePreconfiguredWaf('nodejs-v422-stable')")
		}, "does not exist"},
		"an opt-out of another generation": {func(p map[string]any) {
			plainDeny(p)
			p["match"] = expr("evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v030301-id942251-sqli']})")
		}, "is not one of set sqli-v422-stable"},
		"an opt-out that is not in CRS 4.22": {func(p map[string]any) {
			plainDeny(p)
			p["match"] = expr("evaluatePreconfiguredWaf('scannerdetection-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v042200-id913101-scannerdetection']})")
		}, "does not exist in scannerdetection-v422-stable"},
		"eleven ranges": {func(p map[string]any) {
			plainDeny(p)
			ranges := []any{}
			for range 11 {
				ranges = append(ranges, "192.0.2.1")
			}
			p["match"] = map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": ranges}}
		}, "11 source ranges"},
		"a rate limit without options":   {func(p map[string]any) { delete(p, "rateLimitOptions") }, "needs rate limit options"},
		"a rate limit without an exceed": {func(p map[string]any) { delete(p["rateLimitOptions"].(map[string]any), "exceedAction") }, "exceed action"},
		"a rate limit without a conform": {func(p map[string]any) { delete(p["rateLimitOptions"].(map[string]any), "conformAction") }, "conform action"},
		"an interval of 45 seconds": {func(p map[string]any) {
			p["rateLimitOptions"].(map[string]any)["rateLimitThreshold"] = map[string]any{"count": 1.0, "intervalSec": 45.0}
		}, "interval 45 s"},
		"a ban without a duration": {func(p map[string]any) { delete(p["rateLimitOptions"].(map[string]any), "banDurationSec") }, "banDurationSec 0"},
		"a throttle that bans":     {func(p map[string]any) { p["action"] = "throttle" }, "throttle has no ban"},
		"a count beyond a ban's maximum": {func(p map[string]any) {
			p["rateLimitOptions"].(map[string]any)["rateLimitThreshold"] = map[string]any{"count": 10001.0, "intervalSec": 60.0}
		}, "count 10001"},
		"deny(429) as an action":          {func(p map[string]any) { plainDeny(p); p["action"] = "deny(429)" }, "is not known"},
		"a description of 65 characters":  {func(p map[string]any) { p["description"] = repeated("x", 65) }, "65 characters"},
		"no match at all":                 {func(p map[string]any) { delete(p, "match") }, "needs source ranges or an expression"},
		"a priority that is already used": {func(p map[string]any) { p["priority"] = 2147483647.0 }, "same priority"},
		"a key that is there twice": {func(p map[string]any) {
			p["rateLimitOptions"].(map[string]any)["enforceOnKeyConfigs"] = []any{map[string]any{"enforceOnKeyType": "IP"}, map[string]any{"enforceOnKeyType": "HTTP_PATH"}}
		}, "counts by IP twice"},
		"four keys at once": {func(p map[string]any) {
			p["rateLimitOptions"].(map[string]any)["enforceOnKeyConfigs"] = []any{
				map[string]any{"enforceOnKeyType": "SNI"}, map[string]any{"enforceOnKeyType": "HTTP_PATH"}, map[string]any{"enforceOnKeyType": "REGION_CODE"},
			}
		}, "counts by 4 keys"},
		"a priority that is text": {func(p map[string]any) { p["priority"] = "high" }, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cloudarmor.FromResources(inlineDefault(), []map[string]any{resource(row.change)})
			require.ErrorContains(t, err, row.says)
		})
	}
}

func TestOneRuleCanBeCheckedByItself(t *testing.T) {
	t.Parallel()
	parsed, err := cloudarmor.RuleFromResource(resource(func(map[string]any) {}))
	require.NoError(t, err)
	require.NoError(t, cloudarmor.CheckRule(parsed))
	parsed.RateLimit = nil
	require.ErrorContains(t, cloudarmor.CheckRule(parsed), "needs rate limit options")
}

func TestAPolicyNeedsADefaultRule(t *testing.T) {
	t.Parallel()
	_, err := cloudarmor.FromResources(map[string]any{"name": "p"}, []map[string]any{resource(func(map[string]any) {})})
	require.ErrorContains(t, err, "no default rule")
}
