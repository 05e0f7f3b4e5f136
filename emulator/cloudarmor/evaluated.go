package cloudarmor

import (
	"errors"
	"fmt"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// errNotEvaluated is about what Cloud Armor has and this evaluator does not.
var errNotEvaluated = errors.New("is not evaluated by the embedded cloud: a rule with it would do something else here than on Google Cloud")

// evaluated refuses properties of a rule that would be passed over.
func (p ruleProperties) evaluated() error {
	var mistakes []error
	given := map[string]any{
		"headerAction": p.HeaderAction, "redirectOptions": p.RedirectOptions, "match.exprOptions": p.Match.ExprOptions,
	}
	if p.RateLimitOptions != nil {
		given["rateLimitOptions.exceedRedirectOptions"] = p.RateLimitOptions.ExceedRedirectOptions
	}
	for _, name := range []string{"headerAction", "redirectOptions", "match.exprOptions", "rateLimitOptions.exceedRedirectOptions"} {
		if given[name] != nil {
			mistakes = append(mistakes, fmt.Errorf("%s %w", name, errNotEvaluated))
		}
	}
	return errors.Join(mistakes...)
}

// checkEvaluated refuses a key that the embedded load balancer cannot tell.
func checkEvaluated(source rule.Rule) error {
	if source.RateLimit == nil {
		return nil
	}
	for _, each := range source.RateLimit.Keys() {
		if each.Key == rule.KeyJA3 {
			return fmt.Errorf("%s: enforceOnKey %s %w", source, each.Key, errNotEvaluated)
		}
	}
	return nil
}
