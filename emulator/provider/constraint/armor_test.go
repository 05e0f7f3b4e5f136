package constraint_test

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	armorRules  = "https://cloud.google.com/armor/docs/rules-language-reference"
	armorQuotas = "https://cloud.google.com/armor/quotas"
	armorWAF    = "https://cloud.google.com/armor/docs/waf-rules"
	armorTuning = "https://cloud.google.com/armor/docs/rule-tuning"
	armorAPI    = "https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies"
	ruleSDK     = "https://www.pulumi.com/registry/packages/gcp/api-docs/compute/securitypolicyrule/"
)

// rule is a Cloud Armor rule that the API takes.
func rule() map[string]any {
	return map[string]any{
		"action": "deny(403)", "priority": 1000, "securityPolicy": "armor",
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"203.0.113.0/24"}}},
	}
}

// asking is a rule with an expression.
func asking(expression string) map[string]any {
	return with(rule(), changes{"match": map[string]any{"expr": map[string]any{"expression": expression}}})
}

// excluding takes so many parameters out of a rule set, each in an exclusion of its own.
func excluding(n int, name string) changes {
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{
			"targetRuleSet":      "sqli-v422-stable",
			"requestQueryParams": []any{map[string]any{"operator": "EQUALS", "value": name}},
		}
	}
	return changes{"preconfiguredWafConfig": map[string]any{"exclusions": list}}
}

func ranges(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = "203.0.113.0/24"
	}
	return list
}

func armorRows() []row {
	const typ, expression = gcp.TypeSecurityPolicyRule, "match.expr.expression"
	right := asking("origin.region_code == 'DE'")
	waf := asking("evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v042200-id942100-sqli']})")
	return []row{
		{
			what: "an expression that does not compile", typ: typ, right: right,
			change: changes{expression: "origin.region_code =="}, says: "Invalid value for field 'resource.match.expr'", source: armorRules,
		},
		{
			what: "`in`, which the rules language does not have", typ: typ, right: right,
			change: changes{expression: "origin.region_code in ['DE', 'FR']"}, says: "Invalid value for field 'resource.match.expr'", source: armorRules,
		},
		{
			what: "an attribute that requests do not have", typ: typ, right: right,
			change: changes{expression: "request.body.contains('x')"}, says: "Invalid value for field 'resource.match.expr'", source: armorRules,
		},
		{
			what: "more than 5 subexpressions", typ: typ, right: right,
			change: changes{expression: strings.Repeat("request.path == '/a' || ", 5) + "request.path == '/b'"}, says: "subexpressions", source: armorQuotas,
		},
		{
			what: "an expression of more than 2048 characters", typ: typ, right: right,
			change: changes{expression: "request.path == '/" + strings.Repeat("a", 1010) + "' || request.path == '/" + strings.Repeat("b", 1010) + "' || request.path == '/c'"},
			says:   "2048", source: armorQuotas,
		},
		{
			what: "a rule set that does not exist", typ: typ, right: waf,
			change: changes{expression: "evaluatePreconfiguredWaf('project-shield-stable')"}, says: "project-shield-stable", source: armorWAF,
		},
		{
			what: "a signature to opt out of another generation", typ: typ, right: waf,
			change: changes{expression: "evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v030301-id942100-sqli']})"},
			says:   "owasp-crs-v030301-id942100-sqli", source: armorTuning,
		},
		{
			what: "more than 100 fields of a kind that exclusions name for one rule set together", typ: typ, right: with(waf, excluding(100, "q")),
			change: excluding(101, "q"), says: "name 101 queryParams together", source: armorTuning,
		},
		{
			what: "an excluded parameter with brackets in its name", typ: typ, right: with(waf, excluding(1, "items")),
			change: excluding(1, "items[0]"), says: "which no name of a field may have", source: armorTuning,
		},
		{
			what: "more than 10 IP ranges", typ: typ, right: with(rule(), changes{"match.config.srcIpRanges": ranges(10)}),
			change: changes{"match.config.srcIpRanges": ranges(11)}, says: "at most 10 IP ranges", source: armorQuotas,
		},
		{
			what: "a range that is not valid", typ: typ, right: rule(),
			change: changes{"match.config.srcIpRanges": []any{"everyone"}}, says: "Must be a CIDR range", source: armorAPI,
		},
		{
			what: "an expression and IP ranges in one rule", typ: typ, right: rule(),
			change: changes{"match.expr.expression": "true"}, says: "exactly one of expr and versionedExpr", source: armorAPI,
		},
		{
			what: "a rule that matches nothing at all", typ: typ, right: rule(),
			change: changes{"match": nil}, says: "'resource.match' not specified", source: armorAPI,
		},
		{
			what: "a description of more than 64 characters", typ: typ, right: with(rule(), changes{"description": strings.Repeat("é", 64)}),
			change: changes{"description": strings.Repeat("é", 65)}, says: "at most 64 characters", source: ruleSDK,
		},
		{
			what: "an action that does not exist", typ: typ, right: rule(),
			change: changes{"action": "block"}, says: "expected action to be one of", source: ruleSDK,
		},
		{
			what: "a priority over 2147483647", typ: typ, right: rule(),
			change: changes{"priority": 2147483648}, says: "Must be between 0 and 2147483647", source: ruleSDK,
		},
	}
}
