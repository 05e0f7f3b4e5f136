package gcp

import (
	"strconv"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// checkInlineRules checks the rules inside a policy, of which one has to be the
// default rule.
func (w *Cloud) checkInlineRules(inputs provider.Properties) []provider.Failure {
	var failures []provider.Failure
	rules := rulesByPriority(inputs)
	for i := range inputs.List("rules") {
		at := "rules." + strconv.Itoa(i)
		rule := inputs.Object(at)
		priority, known := rule.Number("priority")
		if known && rules[priority].count > 1 {
			failures = append(failures, provider.Refuse(at+".priority", "%v", samePriority(priority)))
		}
		for _, failure := range w.checkRule(rule) {
			failure.Property = at + "." + failure.Property
			failures = append(failures, failure)
		}
	}
	if len(inputs.List("rules")) > 0 && rules[rule.DefaultPriority].count == 0 && !hasUnknown(inputs.List("rules")) {
		failures = append(failures, provider.Refuse("rules", "Error 400: Invalid value for field 'resource.rules': a security policy must have a default rule with priority %d and match condition \"*\"", rule.DefaultPriority))
	}
	return failures
}

func hasUnknown(items []any) bool {
	for _, item := range items {
		if _, known := item.(map[string]any); !known {
			return true
		}
	}
	return false
}

// sharing are the rules at one priority.
type sharing struct {
	count   int
	limited bool // has rate limit options
}

func rulesByPriority(inputs provider.Properties) map[float64]sharing {
	found := map[float64]sharing{}
	for i := range inputs.List("rules") {
		rule := inputs.Object("rules." + strconv.Itoa(i))
		if priority, known := rule.Number("priority"); known {
			found[priority] = sharing{found[priority].count + 1, rule.Has("rateLimitOptions")}
		}
	}
	return found
}

// checkKindOfRules refuses to make a rate rule inside a policy into another kind
// of rule: the provider patches it, and its rate limit options stay
// (https://github.com/pulumi/pulumi-gcp/issues/1432).
func (w *Cloud) checkKindOfRules(policy string, inputs provider.Properties) error {
	present, exists := w.Store.Get(TypeSecurityPolicy, policy)
	if !exists {
		return nil
	}
	after := rulesByPriority(inputs)
	for priority, was := range rulesByPriority(present.Inputs) {
		if is, stays := after[priority]; stays && was.limited && !is.limited {
			return apiError(400, "%s", misplacedRateOptions)
		}
	}
	return nil
}
