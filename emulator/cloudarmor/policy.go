// Package cloudarmor evaluates a Cloud Armor security policy as Google's front
// end does: the first rule that matches decides, a rule in preview is noted and
// evaluation goes on, rate limits end the evaluation, and preconfigured WAF
// rules are OWASP CRS 4.22 by sensitivity. The embedded cloud's load balancer and
// the tests of the policy use it.
//
// Sources: https://cloud.google.com/armor/docs/security-policy-overview,
// https://cloud.google.com/armor/docs/rules-language-reference,
// https://cloud.google.com/armor/docs/rate-limiting-overview,
// https://cloud.google.com/armor/docs/rule-tuning.
package cloudarmor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/coditect-ai/license-platform/armor/expression"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// Config is a policy as the API knows it.
type Config struct {
	// Name is the policy's name.
	Name string
	// Rules in any order; one of them is the default rule.
	Rules []rule.Rule
	// JSONParsing is DISABLED (or empty) or STANDARD.
	JSONParsing string
	// JSONContentTypes are further content types that are parsed as JSON.
	JSONContentTypes []string
	// UserIPHeaders are the request headers that origin.user_ip is taken from.
	UserIPHeaders []string
}

// Policy is a checked and compiled policy. It is immutable.
type Policy struct {
	config Config
	rules  []compiled
}

type compiled struct {
	rule.Rule
	ranges  []netip.Prefix
	program *expression.Program
}

// Name is the policy's name.
func (p *Policy) Name() string { return p.config.Name }

// Rules are the policy's rules by priority, the default rule last.
func (p *Policy) Rules() []rule.Rule {
	rules := make([]rule.Rule, len(p.rules))
	for i, each := range p.rules {
		rules[i] = each.Rule
	}
	return rules
}

// NewPolicy checks a policy as the API would and compiles it. The error lists
// everything that is wrong.
func NewPolicy(config Config) (*Policy, error) {
	var mistakes []error
	language, err := expression.NewLanguage()
	if err != nil {
		return nil, err
	}
	policy := &Policy{config: config}
	seen := map[int]bool{}
	for _, each := range config.Rules {
		if seen[each.Priority] {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", each, errSamePriority))
		}
		seen[each.Priority] = true
		ready, err := compile(language, each)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		policy.rules = append(policy.rules, ready)
	}
	switch {
	case len(config.Rules) > rule.MaxRules:
		mistakes = append(mistakes, fmt.Errorf("policy has %d rules; allowed: %d", len(config.Rules), rule.MaxRules))
	case !seen[rule.DefaultPriority]:
		mistakes = append(mistakes, fmt.Errorf("%w; needed: one at priority %d that matches %q", errNoDefault, rule.DefaultPriority, rule.Any))
	}
	if config.JSONParsing == "STANDARD_WITH_GRAPHQL" {
		mistakes = append(mistakes, fmt.Errorf("jsonParsing %s %w", config.JSONParsing, errNotEvaluated))
	} else if !slices.Contains([]string{"", "DISABLED", "STANDARD"}, config.JSONParsing) {
		mistakes = append(mistakes, fmt.Errorf("jsonParsing %q; allowed: DISABLED, STANDARD, STANDARD_WITH_GRAPHQL", config.JSONParsing))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, fmt.Errorf("security policy %q: %w", config.Name, err)
	}
	slices.SortFunc(policy.rules, func(a, b compiled) int { return a.Priority - b.Priority })
	return policy, nil
}

var (
	errSamePriority = errors.New("another rule has the same priority; allowed: one rule a priority")
	errNoDefault    = errors.New("policy has no default rule")
	errNoClient     = errors.New("request has no client address")
)

// CheckRule says what the API would refuse about one rule.
func CheckRule(candidate rule.Rule) error {
	language, err := expression.NewLanguage()
	if err != nil {
		return err
	}
	_, err = compile(language, candidate)
	return err
}

func compile(language *expression.Language, source rule.Rule) (compiled, error) {
	if err := source.Check(); err != nil {
		return compiled{}, err
	}
	if err := checkEvaluated(source); err != nil {
		return compiled{}, err
	}
	ready := compiled{Rule: source}
	for _, text := range source.Match.SourceRanges {
		if text == rule.Any {
			ready.ranges = append(ready.ranges, netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0))
			continue
		}
		prefix, err := rule.ParseRange(text)
		if err != nil {
			return compiled{}, fmt.Errorf("%s: %w", source, err)
		}
		ready.ranges = append(ready.ranges, prefix)
	}
	if source.Match.Expression != "" {
		program, err := language.Compile(source.Match.Expression)
		if err != nil {
			return compiled{}, fmt.Errorf("%s: %w", source, err)
		}
		if err := knownSignatures(program.WAFCalls()); err != nil {
			return compiled{}, fmt.Errorf("%s: %w", source, err)
		}
		ready.program = program
	}
	return ready, nil
}
