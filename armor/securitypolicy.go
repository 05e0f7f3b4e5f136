// Package armor declares layer 1: the Cloud Armor security policy in front of
// the license API. Which rules there are, and in which order, is decided in
// package armor/policy; this package only turns that data into resources.
package armor

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// Settings are the settings of this layer; see policy.Settings.
type Settings = policy.Settings

// Args are what the policy is made of.
type Args struct {
	// Settings of this layer.
	Settings Settings
	// Host is the license API's host name, for example licenses.coditect.ai.
	Host string
	// StaffHost is the staff's host of the same API; empty without one.
	StaffHost string
	// Lockdown refuses every request to both hosts, in answer to an incident.
	Lockdown bool
	// Seats are the properties of the licences that the rate limit depends on.
	Seats policy.Seats
	// Project is the Google Cloud project; empty means the provider's.
	Project string
}

// SecurityPolicy is the Cloud Armor policy with all its rules.
type SecurityPolicy struct {
	pulumi.ResourceState

	// Name of the policy, for BackendConfig.spec.securityPolicy.name. What uses
	// it depends on every rule, so it is never protected by half a policy.
	Name pulumi.StringOutput
}

// New declares the policy and one resource per rule.
//
// The default rule is declared inside the policy and then left alone: it exists
// in every policy, and the provider (v5.42) can neither create a second one nor
// take it over without an import ("A default rule is generated when creating the
// security_policy resource, import is needed to patch it", docs of
// compute.SecurityPolicyRule in pulumi-gcp v7.38; fixed in magic-modules #12054,
// October 2024). Changes of the policy's own rules are ignored, because the
// provider reads all rules of the policy into that property and would remove
// the stand-alone ones. What the default rule would decide is decided just
// before it by the rule "everyone-else", which can be changed like any other.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*SecurityPolicy, error) {
	built, err := policy.Build(args.Settings, policy.Scope{Host: args.Host, StaffHost: args.StaffHost, Lockdown: args.Lockdown, Seats: args.Seats})
	if err != nil {
		return nil, fmt.Errorf("component %q: %w", name, err)
	}
	component := &SecurityPolicy{}
	if err := ctx.RegisterComponentResource("licensing:armor:SecurityPolicy", name, component, opts...); err != nil {
		return nil, fmt.Errorf("component %q: %w", name, err)
	}
	declared, err := compute.NewSecurityPolicy(ctx, name, policyArgs(built, args.Project),
		pulumi.Parent(component), pulumi.IgnoreChanges([]string{"rules"}))
	if err != nil {
		return nil, fmt.Errorf("security policy %q: %w", built.Name, err)
	}
	var rules []pulumi.Resource
	for _, each := range built.NonDefaultRules() {
		resource, err := compute.NewSecurityPolicyRule(ctx, name+"-"+each.Name, ruleArgs(each, declared.Name, args.Project), ruleOptions(component, declared, each)...)
		if err != nil {
			return nil, fmt.Errorf("security policy %q, %s: %w", built.Name, each, err)
		}
		rules = append(rules, resource)
	}
	component.Name = pulumi.OutputWithDependencies(ctx.Context(), declared.Name, rules...).(pulumi.StringOutput)
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"name": component.Name}); err != nil {
		return nil, fmt.Errorf("component %q: %w", name, err)
	}
	return component, nil
}

// ruleOptions replaces a rule whose preview changes: the provider (v5.42) does not send the
// false that would enforce a rule, which goes on logging only
// (https://github.com/hashicorp/terraform-provider-google/issues/19443). It replaces a
// rule whose action changes where one of the actions may be a rate limit, too: the API
// refuses to turn one into another at the same priority. The old rule must be gone before
// the new one comes.
//
// Rules go with their policy. The load balancer detaches a policy some time after the
// BackendConfig names another one, or is deleted: without its rules the old policy would
// allow everything meanwhile.
func ruleOptions(component, declared pulumi.Resource, each rule.Rule) []pulumi.ResourceOption {
	replacing := []string{"preview"}
	if policy.MayChangeAction(each) {
		replacing = append(replacing, "action")
	}
	return []pulumi.ResourceOption{
		pulumi.Parent(component), pulumi.DeletedWith(declared), pulumi.ReplaceOnChanges(replacing), pulumi.DeleteBeforeReplace(true),
	}
}
