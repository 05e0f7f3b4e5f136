package observe

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/alert"
)

// podMonitoring is the name of the API's PodMonitoring, which managed
// Prometheus puts in the label job.
const podMonitoring = "license-api"

// channels declares where alerts go: the e-mail addresses of the settings, and
// PagerDuty when there is a key.
func (o *Observability) channels(ctx *pulumi.Context, name string, args *Args) error {
	var names pulumi.StringArray
	for _, address := range args.Settings.Emails {
		channel, err := monitoring.NewNotificationChannel(ctx, name+"-"+address, &monitoring.NotificationChannelArgs{
			Project:     pulumi.String(args.Project),
			Type:        pulumi.String("email"),
			DisplayName: pulumi.String("License platform: " + address),
			Labels:      pulumi.StringMap{"email_address": pulumi.String(address)},
		}, pulumi.Parent(o), pulumi.DependsOn(args.Services))
		if err != nil {
			return fmt.Errorf("declaring the notification of %s: %w", address, err)
		}
		names = append(names, channel.Name)
	}
	if args.PagerDutyKey != nil {
		channel, err := monitoring.NewNotificationChannel(ctx, name+"-pagerduty", &monitoring.NotificationChannelArgs{
			Project:     pulumi.String(args.Project),
			Type:        pulumi.String("pagerduty"),
			DisplayName: pulumi.String("License platform: on-call"),
			SensitiveLabels: &monitoring.NotificationChannelSensitiveLabelsArgs{
				ServiceKey: pulumi.ToSecret(args.PagerDutyKey).(pulumi.StringOutput),
			},
		}, pulumi.Parent(o), pulumi.DependsOn(args.Services))
		if err != nil {
			return fmt.Errorf("declaring the notification of the on-call: %w", err)
		}
		names = append(names, channel.Name)
	}
	o.Channels = names.ToStringArrayOutput()
	return nil
}

// alerts declares one policy for each alert, evaluated by Cloud Monitoring over
// what managed Prometheus collects.
// https://cloud.google.com/monitoring/promql/create-promql-alerts
func (o *Observability) alerts(ctx *pulumi.Context, name string, args *Args) error {
	settings := args.Settings.withDefaults()
	policies := pulumi.StringMap{}
	workload := alert.Workload{Namespace: args.Namespace, Job: podMonitoring}
	for _, a := range alert.All(workload, settings.Alerts) {
		policy, err := monitoring.NewAlertPolicy(ctx, name+"-"+a.Name, &monitoring.AlertPolicyArgs{
			Project:     pulumi.String(args.Project),
			DisplayName: pulumi.String("License platform: " + a.Name),
			Combiner:    pulumi.String("OR"),
			Severity:    pulumi.String(a.Severity),
			Conditions: monitoring.AlertPolicyConditionArray{
				&monitoring.AlertPolicyConditionArgs{
					DisplayName: pulumi.String(a.Summary),
					ConditionPrometheusQueryLanguage: &monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs{
						Query:              pulumi.String(a.Expression),
						Duration:           pulumi.String(fmt.Sprintf("%ds", a.For/time.Second)),
						EvaluationInterval: pulumi.String("30s"),
						AlertRule:          pulumi.String(a.Name),
						RuleGroup:          pulumi.String("license-api"),
					},
				},
			},
			NotificationChannels: o.Channels,
			AlertStrategy:        &monitoring.AlertPolicyAlertStrategyArgs{AutoClose: pulumi.String("1800s")},
			Documentation: &monitoring.AlertPolicyDocumentationArgs{
				MimeType: pulumi.String("text/markdown"),
				Subject:  pulumi.String(a.Summary),
				Content:  pulumi.String(fmt.Sprintf("%s.\n\nWhat to do: %s%s", a.Summary, settings.Playbooks, a.Playbook)),
			},
		}, pulumi.Parent(o), pulumi.DependsOn(args.Services), pulumi.DependsOn(args.Workload))
		if err != nil {
			return fmt.Errorf("declaring alert %s: %w", a.Name, err)
		}
		policies[a.Name] = policy.Name
	}
	o.Policies = policies.ToStringMapOutput()
	return nil
}
