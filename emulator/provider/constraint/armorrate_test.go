package constraint_test

import "github.com/coditect-ai/license-platform/emulator/provider/gcp"

const (
	armorRate       = "https://cloud.google.com/armor/docs/rate-limiting-overview"
	changeOfKind    = "https://github.com/pulumi/pulumi-gcp/issues/1432"
	policySDK       = "https://www.pulumi.com/registry/packages/gcp/api-docs/compute/securitypolicy/"
	armorAttachment = "https://cloud.google.com/armor/docs/configure-security-policies"
)

// limit is a rate rule that the API takes.
func limit() map[string]any {
	return with(rule(), changes{
		"action": "rate_based_ban", "rateLimitOptions": map[string]any{
			"conformAction": "allow", "exceedAction": "deny(429)", "enforceOnKey": "IP", "banDurationSec": 600,
			"rateLimitThreshold": map[string]any{"count": 100, "intervalSec": 60},
		},
	})
}

func armorRateRows() []row {
	const typ, options = gcp.TypeSecurityPolicyRule, "rateLimitOptions."
	return []row{
		{
			what: "a rate rule without a threshold", typ: typ, right: limit(), change: changes{options + "rateLimitThreshold": nil},
			says: "'resource.rateLimitOptions.rateLimitThreshold' not specified", source: armorRate,
		},
		{
			what: "a rate rule without `conformAction`", typ: typ, right: limit(), change: changes{options + "conformAction": nil},
			says: "conformAction' not specified", source: armorRate,
		},
		{
			what: "a rate rule without `exceedAction`", typ: typ, right: limit(), change: changes{options + "exceedAction": nil},
			says: "exceedAction' not specified", source: armorRate,
		},
		{
			what: "a `conformAction` other than allow", typ: typ, right: limit(), change: changes{options + "conformAction": "deny(403)"},
			says: "Must be allow", source: ruleSDK,
		},
		{
			what: "an `exceedAction` that lets through", typ: typ, right: limit(), change: changes{options + "exceedAction": "allow"},
			says: "Must be deny(403), deny(404), deny(429), deny(502) or redirect", source: ruleSDK,
		},
		{
			what: "a ban without a duration", typ: typ, right: limit(), change: changes{options + "banDurationSec": nil},
			says: "banDurationSec' not specified", source: armorRate,
		},
		{
			what: "a throttle with a ban", typ: typ, right: with(limit(), changes{"action": "throttle", options + "banDurationSec": nil}),
			change: changes{options + "banDurationSec": 600}, says: "only be set for action rate_based_ban", source: ruleSDK,
		},
		{
			what: "a window of a length that is not allowed", typ: typ, right: limit(), change: changes{options + "rateLimitThreshold.intervalSec": 45},
			says: "Must be one of [10 30 60", source: armorRate,
		},
		{
			what: "a ban at more than 10,000 requests", typ: typ, right: limit(), change: changes{options + "rateLimitThreshold.count": 10001},
			says: "between 1 and 10000", source: armorRate,
		},
		{
			what: "rate limit options on another action", typ: typ, right: limit(), change: changes{"action": "deny(403)"},
			says: "It cannot be specified for any other actions", source: changeOfKind,
		},
	}
}

// policy is a Cloud Armor policy that the API takes, with a rule inside.
func policy() map[string]any {
	return map[string]any{"name": "armor", "rules": []any{with(limit(), changes{"securityPolicy": nil}), defaultRule()}}
}

func defaultRule() map[string]any {
	return map[string]any{
		"action": "allow", "priority": 2147483647,
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"*"}}},
	}
}

func backendConfig(policy string) made {
	return made{"kubernetes:cloud.google.com/v1:BackendConfig", "config", map[string]any{
		"apiVersion": "cloud.google.com/v1", "kind": "BackendConfig", "metadata": map[string]any{"name": "api", "namespace": "app"},
		"spec": map[string]any{"securityPolicy": map[string]any{"name": policy}},
	}}
}

func armorPolicyRows() []row {
	const typ, ruleType = gcp.TypeSecurityPolicy, gcp.TypeSecurityPolicyRule
	alone := map[string]any{"name": "armor"}
	inside := func(rules ...any) changes { return changes{"rules": rules} }
	plain := with(rule(), changes{"securityPolicy": nil})
	return []row{
		{
			what: "two rules with one priority inside a policy", typ: typ, right: policy(),
			change: inside(plain, with(plain, changes{"action": "allow"}), defaultRule()), says: "Cannot have rules with the same priorities", source: armorAPI,
		},
		{
			what: "a policy with rules, but no default rule", typ: typ, right: policy(), change: inside(plain),
			says: "must have a default rule with priority 2147483647", source: policySDK,
		},
		{
			what: "a wrong rule inside a policy", typ: typ, right: policy(), change: inside(with(plain, changes{"match.config.srcIpRanges": ranges(11)}), defaultRule()),
			says: "supports 10 item maximum", source: armorQuotas,
		},
		{
			what: "a rate rule inside a policy that becomes another kind of rule", typ: typ, right: policy(), when: onUpdate,
			change: inside(plain, defaultRule()), says: "Rate limit options must be specified if the action is 'fairshare', 'rate_based_ban' or 'throttle'", source: changeOfKind,
		},
		{
			what: "a second rule with the same priority", typ: ruleType, right: with(rule(), changes{"priority": 1001}), when: onCreate,
			given: []made{{typ, "policy", alone}, {ruleType, "first", rule()}}, change: changes{"priority": 1000}, says: "already exists", source: armorAPI,
		},
		{
			what: "another default rule than the policy's own", typ: ruleType, right: rule(), when: onCreate,
			given: []made{{typ, "policy", alone}}, change: changes{"priority": 2147483647}, says: "Cannot have rules with the same priorities", source: armorAPI,
		},
		{
			what: "a rule of a policy that does not exist", typ: ruleType, right: rule(), when: onCreate,
			lacking: []made{{typ, "policy", alone}}, says: "securityPolicies/armor' was not found", source: armorAPI,
		},
		{
			what: "deleting a policy that a backend uses", typ: typ, right: alone, when: onDelete,
			given: []made{namespace()}, user: []made{backendConfig("armor")}, says: "already being used by BackendConfig 'app/api'", source: armorAttachment,
		},
		{
			what: "a way of parsing JSON that does not exist", typ: typ, right: with(alone, changes{"advancedOptionsConfig.jsonParsing": "STANDARD"}),
			change: changes{"advancedOptionsConfig.jsonParsing": "ALL"}, says: "expected advancedOptionsConfig.jsonParsing to be one of", source: policySDK,
		},
	}
}
