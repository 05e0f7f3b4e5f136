package observe

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// policy is an alert on its way to Cloud Monitoring.
type policy struct {
	name, summary, severity, playbook string
	// allConditions requires all conditions to be true, instead of any of them.
	allConditions bool
	conditions    monitoring.AlertPolicyConditionArray
	strategy      *monitoring.AlertPolicyAlertStrategyArgs
	// after writes the metrics, besides the workload.
	after []pulumi.Resource
}

// declare declares the alert policy, which reaches every channel and says what to
// do.
func (o *Observability) declare(ctx *pulumi.Context, name string, args *Args, p policy) error {
	combiner := "OR"
	if p.allConditions {
		combiner = "AND"
	}
	declared, err := monitoring.NewAlertPolicy(ctx, name+"-"+p.name, &monitoring.AlertPolicyArgs{
		Project:              pulumi.String(args.Project),
		DisplayName:          pulumi.String("License platform: " + p.name),
		Combiner:             pulumi.String(combiner),
		Severity:             pulumi.String(p.severity),
		Conditions:           p.conditions,
		NotificationChannels: o.Channels,
		AlertStrategy:        p.strategy,
		Documentation: &monitoring.AlertPolicyDocumentationArgs{
			MimeType: pulumi.String("text/markdown"),
			Subject:  pulumi.String(p.summary),
			Content:  pulumi.String(fmt.Sprintf("%s.\n\nWhat to do: %s%s", p.summary, args.Settings.withDefaults().Playbooks, p.playbook)),
		},
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services), pulumi.DependsOn(args.Workload), pulumi.DependsOn(p.after))
	if err != nil {
		return fmt.Errorf("declaring alert %s: %w", p.name, err)
	}
	o.policies[p.name], o.playbooks[p.name] = declared.Name, p.playbook
	return nil
}

// closes an incident half an hour after the last data, the least that the API
// takes.
func closes() *monitoring.AlertPolicyAlertStrategyArgs {
	return &monitoring.AlertPolicyAlertStrategyArgs{AutoClose: pulumi.String("1800s")}
}
