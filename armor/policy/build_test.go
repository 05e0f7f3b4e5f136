package policy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

func scope() policy.Scope { return policy.Scope{Host: "licenses.coditect.ai"} }

func build(t testing.TB, settings policy.Settings) policy.Policy {
	t.Helper()
	built, err := policy.Build(settings, scope())
	require.NoError(t, err)
	return built
}

func named(t testing.TB, built policy.Policy, name string) rule.Rule {
	t.Helper()
	for _, each := range built.Rules {
		if each.Name == name {
			return each
		}
	}
	require.Failf(t, "no such rule", "%s", name)
	return rule.Rule{}
}

func places(built policy.Policy) map[string]int {
	places := map[string]int{}
	for _, each := range built.Rules {
		places[each.Name] = each.Priority
	}
	return places
}

func TestEmptySettingsMakeTheHardenedPolicyOfTheDesign(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{})
	assert.Equal(t, "license-api-security-policy", built.Name)
	assert.Equal(t, "STANDARD", built.JSONParsing)
	assert.Equal(t, "NORMAL", built.LogLevel)
	require.NotNil(t, built.AdaptiveProtection)
	assert.False(t, built.AutoDeploy, "the Standard tier only alerts")
	assert.Equal(t, map[string]int{
		"deny-regions": 1000,
		"waf-sqli":     3000, "waf-xss": 3100, "waf-lfi": 3200, "waf-rfi": 3300, "waf-rce": 3400, "waf-methodenforcement": 3500,
		"waf-scannerdetection": 3600, "waf-protocolattack": 3700, "waf-php": 3800, "waf-sessionfixation": 3900, "waf-java": 4000,
		"waf-generic": 4100, "waf-cve": 4200, "waf-json-sqli": 4300,
		"waf-elsewhere-1": 4900, "waf-elsewhere-2": 4910, "waf-elsewhere-3": 4920,
		"keep-seats":      9900,
		"rate-limit-ipv6": 9995, "rate-limit-ban": 10000, "everyone-else": 2147483646, "default": 2147483647,
	}, places(built))
	assert.Equal(t, "origin.region_code == '' || !'[US,CA,GB,DE,FR,NL,SE,DK,NO,FI]'.contains(origin.region_code)", named(t, built, "deny-regions").Match.Expression)
	assert.Equal(t, "evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v042200-id942251-sqli', "+
		"'owasp-crs-v042200-id942420-sqli', 'owasp-crs-v042200-id942431-sqli', 'owasp-crs-v042200-id942432-sqli']})", named(t, built, "waf-sqli").Match.Expression)
	assert.Equal(t, &rule.RateLimit{
		Threshold: rule.Threshold{Count: 100, IntervalSeconds: 60}, ConformAction: rule.Allow, ExceedAction: rule.Deny429, Key: rule.KeyIP,
		Ban: &rule.Ban{Threshold: rule.Threshold{Count: 500, IntervalSeconds: 300}, DurationSeconds: 240},
	}, named(t, built, "rate-limit-ban").RateLimit)
	for _, each := range built.Rules {
		assert.False(t, each.Preview, each.Name)
	}
}

func TestTurningARuleOnOrOffMovesNoOther(t *testing.T) {
	t.Parallel()
	full := places(build(t, policy.Settings{
		Enterprise: true, Blocklist: policy.Ranges{Ranges: []string{"192.0.2.1"}},
		ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-known-malicious-ips", "iplist-tor-exit-nodes"}},
	}))
	for name, settings := range map[string]policy.Settings{
		"defaults":     {},
		"no regions":   {Regions: policy.Regions{Off: true}},
		"no sqli":      {WAF: policy.WAF{Sets: map[string]policy.Set{"sqli": {Off: true}, "java": {Off: true}}}},
		"tor only":     {Enterprise: true, ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-tor-exit-nodes"}}},
		"in preview":   {Preview: true},
		"no adaptive":  {Enterprise: true, AdaptiveProtection: policy.AdaptiveProtection{Off: true}},
		"more ranges":  {Blocklist: policy.Ranges{Ranges: []string{"192.0.2.1", "192.0.2.2"}}},
		"sensitivity":  {WAF: policy.WAF{Sensitivity: 3}},
		"custom rules": {CustomRules: []policy.CustomRule{{Name: "bots", Priority: 2500, Action: rule.Deny403, Expression: "origin.asn == 64500"}}},
	} {
		for rule, place := range places(build(t, settings)) {
			if was, there := full[rule]; there {
				assert.Equal(t, was, place, "%s: %s", name, rule)
			}
		}
	}
}

func TestTheOlderGenerationHasIdsAndNamesOfItsOwn(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{WAF: policy.WAF{Generation: rule.V33, Sensitivity: 2}})
	assert.Contains(t, named(t, built, "waf-scannerdetection").Match.Expression, "'owasp-crs-v030301-id913101-scannerdetection'")
	assert.Contains(t, named(t, built, "waf-sqli").Match.Expression, "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 2, 'opt_out_rule_ids': ['owasp-crs-v030301-id942251-sqli'")
	assert.Contains(t, named(t, built, "waf-nodejs").Match.Expression, "'nodejs-v33-stable'")
	assert.Equal(t, 4100, named(t, built, "waf-nodejs").Priority)
}

func TestASetMayDifferFromTheOthers(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{WAF: policy.WAF{Sensitivity: 2, Sets: map[string]policy.Set{
		"php":  {Off: true},
		"sqli": {Sensitivity: 3, OptOut: []string{}, Preview: true},
		"xss": {Exclusions: []policy.Exclusion{{
			Signatures: []string{"owasp-crs-v042200-id941100-xss"}, Headers: []rule.Field{{Operator: "EQUALS", Value: "x-html"}},
		}}},
	}}})
	assert.NotContains(t, places(built), "waf-php")
	assert.Equal(t, "evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 3})", named(t, built, "waf-sqli").Match.Expression)
	assert.True(t, named(t, built, "waf-sqli").Preview)
	assert.Equal(t, []rule.Exclusion{{Set: "xss-v422-stable", QueryParams: []rule.Field{
		{Operator: "EQUALS", Value: "fingerprint"},
		{Operator: "EQUALS", Value: "product"},
		{Operator: "STARTS_WITH", Value: "metadata."},
		{Operator: "STARTS_WITH", Value: "reservations"},
		{Operator: "STARTS_WITH", Value: "features"},
		{Operator: "EQUALS", Value: "name"},
		{Operator: "EQUALS", Value: "user"},
	}}, {
		Set: "xss-v422-stable", Signatures: []string{"owasp-crs-v042200-id941100-xss"}, Headers: []rule.Field{{Operator: "EQUALS", Value: "x-html"}},
	}}, named(t, built, "waf-xss").Exclusions)
	assert.Contains(t, named(t, built, "waf-lfi").Match.Expression, "'sensitivity': 2")
}

func TestRangesAreCutIntoRulesOfTen(t *testing.T) {
	t.Parallel()
	var ranges []string
	for i := range 23 {
		ranges = append(ranges, fmt.Sprintf("192.0.2.%d/32", i))
	}
	built := build(t, policy.Settings{Blocklist: policy.Ranges{Ranges: ranges}})
	assert.Len(t, named(t, built, "blocklist-1").Match.SourceRanges, 10)
	assert.Len(t, named(t, built, "blocklist-3").Match.SourceRanges, 3)
	assert.Equal(t, 1220, named(t, built, "blocklist-3").Priority)
}

func TestCustomRulesStandWhereTheyCanDoNoHarm(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{CustomRules: []policy.CustomRule{
		{Name: "partners", Priority: 8100, Action: rule.Throttle, Ranges: []string{"198.51.100.0/24"}, RateLimit: &policy.RateLimit{Count: 1000}},
		{Name: "no-wordpress", Priority: 2100, Action: rule.Deny404, Expression: "request.path.startsWith('/wp-')", Preview: true},
	}})
	partners, wordpress := named(t, built, "custom-partners"), named(t, built, "custom-no-wordpress")
	assert.Equal(t, rule.Threshold{Count: 1000, IntervalSeconds: 60}, partners.RateLimit.Threshold)
	assert.Nil(t, partners.RateLimit.Ban)
	assert.Greater(t, partners.Priority, named(t, built, "waf-json-sqli").Priority)
	assert.True(t, wordpress.Preview)
	assert.Less(t, wordpress.Priority, named(t, built, "waf-sqli").Priority)
}

func TestABanAndAThrottleAreDifferentRules(t *testing.T) {
	t.Parallel()
	throttle := build(t, policy.Settings{RateLimit: policy.RateLimit{Action: rule.Throttle}})
	assert.NotContains(t, places(throttle), "rate-limit-ban", "a ban cannot be changed into a throttle")
	assert.Equal(t, 10010, named(t, throttle, "rate-limit-throttle").Priority)
	assert.Nil(t, named(t, throttle, "rate-limit-throttle").RateLimit.Ban)
}

func TestALockdownNeedsTheLicenseHost(t *testing.T) {
	t.Parallel()
	locked, err := policy.Build(policy.Settings{}, policy.Scope{Host: "licenses.coditect.ai", Lockdown: true})
	require.NoError(t, err)
	assert.Equal(t, "lockdown", locked.Rules[0].Name)
	for _, host := range []string{"", "*", "licenses.coditect.ai'", "Licenses.Coditect.ai", "localhost"} {
		_, err := policy.Build(policy.Settings{}, policy.Scope{Host: host})
		assert.ErrorContains(t, err, "is not a host name", host)
	}
}

func TestSettingsAreReadFromJSONWithTheirOwnNames(t *testing.T) {
	t.Parallel()
	decoder := json.NewDecoder(strings.NewReader(`{
		"preview": true, "enterprise": true, "logLevel": "VERBOSE",
		"regions": {"allowed": ["SE"], "unknown": "allow"},
		"blocklist": {"ranges": ["192.0.2.0/24"]},
		"waf": {"generation": "v422", "sensitivity": 2, "sets": {"sqli": {"optOut": [], "exclusions": [{"queryParams": [{"operator": "EQUALS", "value": "q"}]}]}}},
		"rateLimit": {"count": 50, "intervalSeconds": 30, "banCount": 200, "banSeconds": 3600},
		"customRules": [{"name": "a", "priority": 2000, "action": "deny(403)", "expression": "origin.asn == 1"}]}`))
	decoder.DisallowUnknownFields()
	var settings policy.Settings
	require.NoError(t, decoder.Decode(&settings))
	built := build(t, settings)
	assert.Equal(t, "VERBOSE", built.LogLevel)
	assert.True(t, built.AutoDeploy)
	assert.Equal(t, 50, named(t, built, "rate-limit-ban").RateLimit.Threshold.Count)
	assert.Equal(t, "origin.region_code != '' && !'[SE]'.contains(origin.region_code)", named(t, built, "deny-regions").Match.Expression)
}
