package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/armor/expression"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// Check says everything that the API would refuse about the policy, and every
// rule that stands in the wrong order.
func (p Policy) Check() error {
	mistakes := []error{p.checkOrder(), p.checkRules()}
	if len(p.Rules) > rule.MaxRules {
		mistakes = append(mistakes, fmt.Errorf("policy has %d rules; allowed: %d", len(p.Rules), rule.MaxRules))
	}
	return errors.Join(mistakes...)
}

// checkRules checks every rule for itself.
func (p Policy) checkRules() error {
	var mistakes []error
	for _, each := range p.Rules {
		mistakes = append(mistakes, each.Check())
	}
	return errors.Join(append(mistakes, checkExpressions(p.Rules))...)
}

// checkExpressions compiles every rule's expression.
func checkExpressions(rules []rule.Rule) error {
	language, err := expression.NewLanguage()
	if err != nil {
		return err
	}
	var mistakes []error
	for _, each := range rules {
		if each.Match.Expression == "" {
			continue
		}
		program, err := language.Compile(each.Match.Expression)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", each, err))
			continue
		}
		for _, header := range program.Headers() {
			if header != strings.ToLower(header) {
				mistakes = append(mistakes, fmt.Errorf("%s: header %q never matches; allowed: lower-case names", each, header))
			}
		}
	}
	return errors.Join(mistakes...)
}

// checkOrder wants unique names and priorities, a default rule at the end, and
// nothing that lets requests through before a rule that refuses some of them.
func (p Policy) checkOrder() error {
	var mistakes []error
	names, letThrough := map[string]bool{}, rule.Rule{}
	for i, each := range p.Rules {
		if names[each.Name] {
			mistakes = append(mistakes, fmt.Errorf("%s: another rule has the same name", each))
		}
		names[each.Name] = true
		if i > 0 && each.Priority <= p.Rules[i-1].Priority {
			mistakes = append(mistakes, fmt.Errorf("%s does not come after %s", each, p.Rules[i-1]))
		}
		if each.Action.IsDeny() && letThrough.Name != "" && each.Priority < refusedPriority {
			mistakes = append(mistakes, fmt.Errorf("%s refuses requests, but %s before it lets some through", each, letThrough))
		}
		if each.Action.LetsThrough() && letThrough.Name == "" {
			letThrough = each
		}
	}
	if len(p.Rules) == 0 || !p.Default().IsDefault() {
		mistakes = append(mistakes, fmt.Errorf("policy does not end in a default rule at %d", rule.DefaultPriority))
	}
	return errors.Join(mistakes...)
}
