package cloudarmor

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// FromResources builds a policy from the properties of a
// gcp:compute/securityPolicy:SecurityPolicy and of its
// gcp:compute/securityPolicyRule:SecurityPolicyRule resources, named as the
// Pulumi provider names them. Rules declared inside the policy count too. The
// error lists everything that the API would refuse.
func FromResources(policy map[string]any, rules []map[string]any) (*Policy, error) {
	var declared policyProperties
	if err := convert(policy, &declared); err != nil {
		return nil, fmt.Errorf("security policy: %w", err)
	}
	if declared.RecaptchaOptionsConfig != nil {
		return nil, fmt.Errorf("security policy %q: recaptchaOptionsConfig %w", declared.Name, errNotEvaluated)
	}
	config := Config{Name: declared.Name}
	if options := declared.AdvancedOptionsConfig; options != nil {
		config.JSONParsing = options.JSONParsing
		config.UserIPHeaders = options.UserIPRequestHeaders
		if options.JSONCustomConfig != nil {
			config.JSONContentTypes = options.JSONCustomConfig.ContentTypes
		}
	}
	for _, inline := range declared.Rules {
		config.Rules = append(config.Rules, inline.rule())
	}
	var mistakes []error
	for _, properties := range rules {
		parsed, err := RuleFromResource(properties)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		config.Rules = append(config.Rules, parsed)
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, fmt.Errorf("security policy %q: %w", config.Name, err)
	}
	return NewPolicy(config)
}

// CheckResource says what the API would refuse about one rule, given the properties of
// its SecurityPolicyRule.
func CheckResource(properties map[string]any) error {
	candidate, err := RuleFromResource(properties)
	if err != nil {
		return err
	}
	return CheckRule(candidate)
}

// RuleFromResource reads the properties of one SecurityPolicyRule. It does not
// check them: CheckRule does.
func RuleFromResource(properties map[string]any) (rule.Rule, error) {
	var declared ruleProperties
	if err := convert(properties, &declared); err != nil {
		return rule.Rule{}, fmt.Errorf("security policy rule: %w", err)
	}
	if err := declared.evaluated(); err != nil {
		return rule.Rule{}, fmt.Errorf("security policy rule %d: %w", declared.Priority, err)
	}
	return declared.rule(), nil
}

// convert reads loosely typed properties (numbers may be float64) into a struct.
func convert(properties map[string]any, into any) error {
	text, err := json.Marshal(properties)
	if err != nil {
		return fmt.Errorf("properties: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("properties: %w", err)
	}
	return nil
}

type policyProperties struct {
	Name                   string                 `json:"name"`
	Rules                  []ruleProperties       `json:"rules"`
	AdvancedOptionsConfig  *advancedOptionsConfig `json:"advancedOptionsConfig"`
	RecaptchaOptionsConfig any                    `json:"recaptchaOptionsConfig"`
}

type advancedOptionsConfig struct {
	JSONParsing          string   `json:"jsonParsing"`
	UserIPRequestHeaders []string `json:"userIpRequestHeaders"`
	JSONCustomConfig     *struct {
		ContentTypes []string `json:"contentTypes"`
	} `json:"jsonCustomConfig"`
}

type ruleProperties struct {
	Action      string `json:"action"`
	Priority    int    `json:"priority"`
	Description string `json:"description"`
	Preview     bool   `json:"preview"`
	Match       struct {
		VersionedExpr string `json:"versionedExpr"`
		Config        struct {
			SrcIPRanges []string `json:"srcIpRanges"`
		} `json:"config"`
		Expr struct {
			Expression string `json:"expression"`
		} `json:"expr"`
		ExprOptions any `json:"exprOptions"`
	} `json:"match"`
	RateLimitOptions       *rateLimitProperties `json:"rateLimitOptions"`
	HeaderAction           any                  `json:"headerAction"`
	RedirectOptions        any                  `json:"redirectOptions"`
	PreconfiguredWafConfig *struct {
		Exclusions []exclusionProperties `json:"exclusions"`
	} `json:"preconfiguredWafConfig"`
}

type rateLimitProperties struct {
	ConformAction         string              `json:"conformAction"`
	ExceedAction          string              `json:"exceedAction"`
	EnforceOnKey          string              `json:"enforceOnKey"`
	EnforceOnKeyName      string              `json:"enforceOnKeyName"`
	RateLimitThreshold    thresholdProperties `json:"rateLimitThreshold"`
	BanThreshold          thresholdProperties `json:"banThreshold"`
	BanDurationSec        int                 `json:"banDurationSec"`
	ExceedRedirectOptions any                 `json:"exceedRedirectOptions"`
	EnforceOnKeyConfigs   []struct {
		EnforceOnKeyType string `json:"enforceOnKeyType"`
		EnforceOnKeyName string `json:"enforceOnKeyName"`
	} `json:"enforceOnKeyConfigs"`
}

type thresholdProperties struct {
	Count       int `json:"count"`
	IntervalSec int `json:"intervalSec"`
}

type exclusionProperties struct {
	TargetRuleSet      string       `json:"targetRuleSet"`
	TargetRuleIDs      []string     `json:"targetRuleIds"`
	RequestHeaders     []rule.Field `json:"requestHeaders"`
	RequestCookies     []rule.Field `json:"requestCookies"`
	RequestQueryParams []rule.Field `json:"requestQueryParams"`
	RequestURIs        []rule.Field `json:"requestUris"`
}

func (p ruleProperties) rule() rule.Rule {
	parsed := rule.Rule{
		Priority:    p.Priority,
		Action:      rule.Action(p.Action),
		Description: p.Description,
		Preview:     p.Preview,
		Match:       rule.Match{SourceRanges: p.Match.Config.SrcIPRanges, Expression: p.Match.Expr.Expression},
	}
	if p.RateLimitOptions != nil {
		parsed.RateLimit = p.RateLimitOptions.rateLimit(parsed.Action)
	}
	if p.PreconfiguredWafConfig != nil {
		for _, each := range p.PreconfiguredWafConfig.Exclusions {
			parsed.Exclusions = append(parsed.Exclusions, rule.Exclusion{
				Set: each.TargetRuleSet, Signatures: each.TargetRuleIDs, Headers: each.RequestHeaders,
				Cookies: each.RequestCookies, QueryParams: each.RequestQueryParams, URIs: each.RequestURIs,
			})
		}
	}
	return parsed
}

func (p rateLimitProperties) rateLimit(action rule.Action) *rule.RateLimit {
	limit := &rule.RateLimit{
		Threshold:     rule.Threshold{Count: p.RateLimitThreshold.Count, IntervalSeconds: p.RateLimitThreshold.IntervalSec},
		ConformAction: rule.Action(p.ConformAction),
		ExceedAction:  rule.Action(p.ExceedAction),
		Key:           rule.Key(p.EnforceOnKey),
		KeyName:       p.EnforceOnKeyName,
	}
	// One key config says the same as enforceOnKey; the API defaults to ALL.
	for i, each := range p.EnforceOnKeyConfigs {
		if i == 0 && limit.Key == "" {
			limit.Key, limit.KeyName = rule.Key(each.EnforceOnKeyType), each.EnforceOnKeyName
			continue
		}
		limit.More = append(limit.More, rule.NamedKey{Key: rule.Key(each.EnforceOnKeyType), Name: each.EnforceOnKeyName})
	}
	if limit.Key == "" {
		limit.Key = rule.KeyAll
	}
	if action == rule.RateBasedBan || p.BanDurationSec != 0 || p.BanThreshold.Count != 0 {
		limit.Ban = &rule.Ban{
			Threshold:       rule.Threshold{Count: p.BanThreshold.Count, IntervalSeconds: p.BanThreshold.IntervalSec},
			DurationSeconds: p.BanDurationSec,
		}
	}
	return limit
}
