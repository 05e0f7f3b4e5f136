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

// alerts declares one policy for each alert.
func (o *Observability) alerts(ctx *pulumi.Context, name string, args *Args) error {
	for _, a := range alert.All(args.subject(), args.Settings.withDefaults().Alerts) {
		if err := o.declare(ctx, name, args, policy{
			name: a.Name, summary: a.Summary, severity: a.Severity, playbook: a.Playbook,
			conditions: monitoring.AlertPolicyConditionArray{condition(a)}, strategy: strategy(a),
		}); err != nil {
			return err
		}
	}
	return nil
}

// subject is what the alerts are about.
func (a *Args) subject() alert.Subject {
	return alert.Subject{
		Workload: alert.Workload{Namespace: a.Namespace, Job: podMonitoring}, Host: a.Host,
		SecurityPolicy: a.SecurityPolicy, Redis: a.Redis, KeyRing: a.KeyRing, Secrets: a.Secrets, Deployers: a.Settings.Deployers,
	}
}

// condition is what Cloud Monitoring evaluates: PromQL over metrics, or a filter
// over every log entry that comes in.
// https://cloud.google.com/monitoring/promql/create-promql-alerts
// https://cloud.google.com/logging/docs/alerting/log-based-alerts
func condition(a alert.Alert) *monitoring.AlertPolicyConditionArgs {
	args := &monitoring.AlertPolicyConditionArgs{DisplayName: pulumi.String(a.Summary)}
	if a.Filter != "" {
		args.ConditionMatchedLog = &monitoring.AlertPolicyConditionConditionMatchedLogArgs{
			Filter: pulumi.String(a.Filter),
			// The page says who did what to what, and each of them is told apart.
			LabelExtractors: pulumi.StringMap{
				"principal": pulumi.String("EXTRACT(protoPayload.authenticationInfo.principalEmail)"),
				"method":    pulumi.String("EXTRACT(protoPayload.methodName)"),
				"resource":  pulumi.String("EXTRACT(protoPayload.resourceName)"),
			},
		}
		return args
	}
	args.ConditionPrometheusQueryLanguage = &monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs{
		Query:              pulumi.String(a.Expression),
		Duration:           pulumi.String(fmt.Sprintf("%ds", a.For/time.Second)),
		EvaluationInterval: pulumi.String("30s"),
		AlertRule:          pulumi.String(a.Name),
		RuleGroup:          pulumi.String("license-api"),
	}
	return args
}

// strategy closes an incident half an hour after the last sign of it, and notifies
// of entries alike at most every five minutes.
func strategy(a alert.Alert) *monitoring.AlertPolicyAlertStrategyArgs {
	args := closes()
	if a.Filter != "" {
		args.NotificationRateLimit = &monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs{Period: pulumi.String("300s")}
	}
	return args
}
