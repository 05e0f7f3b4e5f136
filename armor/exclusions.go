package armor

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// The SDK has one type per kind of field; they are alike and differ in name only.
type (
	wafConfig  = compute.SecurityPolicyRulePreconfiguredWafConfigArgs
	exclusion  = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionArgs
	exclusions = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionArray
	header     = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestHeaderArgs
	headers    = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestHeaderArray
	cookie     = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestCookyArgs
	cookies    = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestCookyArray
	query      = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestQueryParamArgs
	queries    = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestQueryParamArray
	uri        = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestUriArgs
	uris       = compute.SecurityPolicyRulePreconfiguredWafConfigExclusionRequestUriArray
)

func exclusionArgs(declared []rule.Exclusion) *wafConfig {
	var all exclusions
	for _, each := range declared {
		args := &exclusion{TargetRuleSet: pulumi.String(each.Set)}
		if len(each.Signatures) > 0 {
			args.TargetRuleIds = pulumi.ToStringArray(each.Signatures)
		}
		if len(each.Headers) > 0 {
			var fields headers
			for _, field := range each.Headers {
				fields = append(fields, &header{Operator: pulumi.String(field.Operator), Value: optional(field.Value)})
			}
			args.RequestHeaders = fields
		}
		if len(each.Cookies) > 0 {
			var fields cookies
			for _, field := range each.Cookies {
				fields = append(fields, &cookie{Operator: pulumi.String(field.Operator), Value: optional(field.Value)})
			}
			args.RequestCookies = fields
		}
		if len(each.QueryParams) > 0 {
			var fields queries
			for _, field := range each.QueryParams {
				fields = append(fields, &query{Operator: pulumi.String(field.Operator), Value: optional(field.Value)})
			}
			args.RequestQueryParams = fields
		}
		if len(each.URIs) > 0 {
			var fields uris
			for _, field := range each.URIs {
				fields = append(fields, &uri{Operator: pulumi.String(field.Operator), Value: optional(field.Value)})
			}
			args.RequestUris = fields
		}
		all = append(all, args)
	}
	return &wafConfig{Exclusions: all}
}
