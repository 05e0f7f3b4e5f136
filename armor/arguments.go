package armor

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// sourceRanges is the only version of a match by address that the API knows.
const sourceRanges = "SRC_IPS_V1"

func policyArgs(built policy.Policy, project string) *compute.SecurityPolicyArgs {
	last := built.Default()
	args := &compute.SecurityPolicyArgs{
		Name:                  pulumi.String(built.Name),
		Description:           pulumi.String(built.Description),
		Type:                  pulumi.String("CLOUD_ARMOR"),
		Project:               optional(project),
		AdvancedOptionsConfig: advancedArgs(built),
		Rules: compute.SecurityPolicyRuleTypeArray{&compute.SecurityPolicyRuleTypeArgs{
			Action:      pulumi.String(last.Action),
			Priority:    pulumi.Int(last.Priority),
			Description: pulumi.String(last.Description),
			Match:       matchArgs(last.Match),
		}},
	}
	if built.AdaptiveProtection != nil {
		args.AdaptiveProtectionConfig = adaptiveArgs(*built.AdaptiveProtection, built.AutoDeploy)
	}
	return args
}

func advancedArgs(built policy.Policy) *compute.SecurityPolicyAdvancedOptionsConfigArgs {
	args := &compute.SecurityPolicyAdvancedOptionsConfigArgs{
		JsonParsing: pulumi.String(built.JSONParsing),
		LogLevel:    pulumi.String(built.LogLevel),
	}
	if len(built.JSONContentTypes) > 0 {
		args.JsonCustomConfig = &compute.SecurityPolicyAdvancedOptionsConfigJsonCustomConfigArgs{
			ContentTypes: pulumi.ToStringArray(built.JSONContentTypes),
		}
	}
	if len(built.UserIPHeaders) > 0 {
		args.UserIpRequestHeaders = pulumi.ToStringArray(built.UserIPHeaders)
	}
	return args
}

// adaptiveArgs turns the detection on; the thresholds of the automatic rule take
// Cloud Armor Enterprise.
func adaptiveArgs(adaptive policy.AdaptiveProtection, autoDeploy bool) *compute.SecurityPolicyAdaptiveProtectionConfigArgs {
	args := &compute.SecurityPolicyAdaptiveProtectionConfigArgs{
		Layer7DdosDefenseConfig: &compute.SecurityPolicyAdaptiveProtectionConfigLayer7DdosDefenseConfigArgs{
			Enable:         pulumi.Bool(true),
			RuleVisibility: pulumi.String(adaptive.RuleVisibility),
		},
	}
	if autoDeploy {
		args.AutoDeployConfig = &compute.SecurityPolicyAdaptiveProtectionConfigAutoDeployConfigArgs{
			LoadThreshold:             pulumi.Float64(adaptive.LoadThreshold),
			ConfidenceThreshold:       pulumi.Float64(adaptive.ConfidenceThreshold),
			ImpactedBaselineThreshold: pulumi.Float64(adaptive.ImpactedBaselineThreshold),
			ExpirationSec:             pulumi.Int(adaptive.ExpirationSeconds),
		}
	}
	return args
}

func ruleArgs(each rule.Rule, securityPolicy pulumi.StringInput, project string) *compute.SecurityPolicyRuleArgs {
	args := &compute.SecurityPolicyRuleArgs{
		SecurityPolicy: securityPolicy,
		Project:        optional(project),
		Priority:       pulumi.Int(each.Priority),
		Action:         pulumi.String(each.Action),
		Description:    pulumi.String(each.Description),
		Preview:        pulumi.Bool(each.Preview),
		Match:          matchArgs(each.Match),
	}
	if each.RateLimit != nil {
		args.RateLimitOptions = rateLimitArgs(*each.RateLimit)
	}
	if len(each.Exclusions) > 0 {
		args.PreconfiguredWafConfig = exclusionArgs(each.Exclusions)
	}
	return args
}

func matchArgs(match rule.Match) *compute.SecurityPolicyRuleMatchArgs {
	if match.Expression != "" {
		return &compute.SecurityPolicyRuleMatchArgs{
			Expr: &compute.SecurityPolicyRuleMatchExprArgs{Expression: pulumi.String(match.Expression)},
		}
	}
	return &compute.SecurityPolicyRuleMatchArgs{
		VersionedExpr: pulumi.String(sourceRanges),
		Config:        &compute.SecurityPolicyRuleMatchConfigArgs{SrcIpRanges: pulumi.ToStringArray(match.SourceRanges)},
	}
}

// rateLimitArgs declares one key as enforceOnKey and several as
// enforceOnKeyConfigs: the API takes one or the other.
func rateLimitArgs(limit rule.RateLimit) *compute.SecurityPolicyRuleRateLimitOptionsArgs {
	var configs compute.SecurityPolicyRuleRateLimitOptionsEnforceOnKeyConfigArray
	args := &compute.SecurityPolicyRuleRateLimitOptionsArgs{
		ConformAction: pulumi.String(limit.ConformAction),
		ExceedAction:  pulumi.String(limit.ExceedAction),
		RateLimitThreshold: &compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs{
			Count:       pulumi.Int(limit.Threshold.Count),
			IntervalSec: pulumi.Int(limit.Threshold.IntervalSeconds),
		},
	}
	if len(limit.More) > 0 {
		for _, each := range limit.Keys() {
			configs = append(configs, &compute.SecurityPolicyRuleRateLimitOptionsEnforceOnKeyConfigArgs{
				EnforceOnKeyType: pulumi.String(each.Key), EnforceOnKeyName: optional(each.Name),
			})
		}
		args.EnforceOnKeyConfigs = configs
	} else {
		args.EnforceOnKey, args.EnforceOnKeyName = pulumi.String(limit.Key), optional(limit.KeyName)
	}
	if limit.Ban != nil {
		args.BanDurationSec = pulumi.Int(limit.Ban.DurationSeconds)
		args.BanThreshold = &compute.SecurityPolicyRuleRateLimitOptionsBanThresholdArgs{
			Count:       pulumi.Int(limit.Ban.Threshold.Count),
			IntervalSec: pulumi.Int(limit.Ban.Threshold.IntervalSeconds),
		}
	}
	return args
}

// optional leaves an empty value out.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}
