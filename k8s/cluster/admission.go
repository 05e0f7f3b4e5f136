package cluster

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/binaryauthorization"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareAdmission refuses every image but the license API's, by digest, and those
// that GKE itself runs. Without it the project's policy is Google's default, which
// admits everything. A project has one such policy, so an adopted cluster's is left
// alone (https://cloud.google.com/binary-authorization/docs/policy-yaml-reference).
func declareAdmission(ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource) (pulumi.Resource, error) {
	return binaryauthorization.NewPolicy(ctx, name, &binaryauthorization.PolicyArgs{
		Project:                    pulumi.String(args.Project),
		Description:                pulumi.String("The license API's image and GKE's own, nothing else"),
		GlobalPolicyEvaluationMode: pulumi.String("ENABLE"),
		AdmissionWhitelistPatterns: binaryauthorization.PolicyAdmissionWhitelistPatternArray{
			binaryauthorization.PolicyAdmissionWhitelistPatternArgs{NamePattern: args.ImagePattern},
		},
		DefaultAdmissionRule: binaryauthorization.PolicyDefaultAdmissionRuleArgs{
			EvaluationMode:  pulumi.String("ALWAYS_DENY"),
			EnforcementMode: pulumi.String("ENFORCED_BLOCK_AND_AUDIT_LOG"),
		},
	}, pulumi.Parent(parent), pulumi.DependsOn(args.DependsOn))
}
