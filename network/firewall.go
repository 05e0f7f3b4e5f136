package network

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HealthCheckRanges are where Google's health checks and front ends come from
// (https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges).
func HealthCheckRanges() []string { return []string{"35.191.0.0/16", "130.211.0.0/22"} }

// declareFirewall lets the load balancer reach the API's pods, and nothing else
// reach anything: a VPC of our own denies the rest by its implied rule.
func (b *builder) declareFirewall(*Network) error {
	args := &compute.FirewallArgs{
		Name:         pulumi.String(derived(b.settings.Name, "-license-health-checks")),
		Description:  pulumi.String("Google's health checks and front ends to the license API's pods"),
		Network:      b.vpc.networkID,
		Direction:    pulumi.String("INGRESS"),
		SourceRanges: pulumi.ToStringArray(HealthCheckRanges()),
		Allows: compute.FirewallAllowArray{compute.FirewallAllowArgs{
			Protocol: pulumi.String("tcp"), Ports: pulumi.ToStringArray([]string{"8000"}),
		}},
		LogConfig: compute.FirewallLogConfigArgs{Metadata: pulumi.String("INCLUDE_ALL_METADATA")},
	}
	if b.settings.PodsRange != "" {
		args.DestinationRanges = pulumi.ToStringArray([]string{b.settings.PodsRange})
	}
	_, err := compute.NewFirewall(b.ctx, b.name+"-health-checks", args, b.options()...)
	return err
}
