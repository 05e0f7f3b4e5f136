package observe

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/uptime"
)

// uptime declares the check that Google's checkers make from outside, and the
// alert on it. It asks as clients do: by name, over TLS, with the certificate
// verified.
// https://cloud.google.com/monitoring/uptime-checks
func (o *Observability) uptime(ctx *pulumi.Context, name string, args *Args) error {
	settings := args.Settings.Uptime.WithDefaults()
	if settings.Disabled {
		o.check = pulumi.String("").ToStringOutput()
		return nil
	}
	check, err := monitoring.NewUptimeCheckConfig(ctx, name, &monitoring.UptimeCheckConfigArgs{
		Project:         pulumi.String(args.Project),
		DisplayName:     pulumi.String("License API from outside"),
		Period:          seconds(time.Duration(settings.PeriodSeconds) * time.Second),
		Timeout:         seconds(time.Duration(settings.TimeoutSeconds) * time.Second),
		SelectedRegions: pulumi.ToStringArray(settings.SelectedRegions(args.AdmitsCountry)),
		CheckerType:     pulumi.String("STATIC_IP_CHECKERS"),
		MonitoredResource: &monitoring.UptimeCheckConfigMonitoredResourceArgs{
			Type:   pulumi.String(uptime.Resource),
			Labels: pulumi.StringMap{"project_id": pulumi.String(args.Project), "host": pulumi.String(args.Host)},
		},
		HttpCheck: &monitoring.UptimeCheckConfigHttpCheckArgs{
			Path: pulumi.String(uptime.Path), Port: pulumi.Int(443), RequestMethod: pulumi.String("GET"),
			UseSsl: pulumi.Bool(true), ValidateSsl: pulumi.Bool(true),
			AcceptedResponseStatusCodes: monitoring.UptimeCheckConfigHttpCheckAcceptedResponseStatusCodeArray{
				&monitoring.UptimeCheckConfigHttpCheckAcceptedResponseStatusCodeArgs{StatusValue: pulumi.Int(200)},
			},
		},
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services), pulumi.DependsOn(args.Workload), pulumi.DependsOn(args.Edge))
	if err != nil {
		return fmt.Errorf("declaring the uptime check of %s: %w", args.Host, err)
	}
	o.check = check.UptimeCheckId
	a := uptime.Unreachable()
	return o.declare(ctx, name, args, policy{
		name: a.Name, summary: a.Summary, severity: a.Severity, playbook: a.Playbook, strategy: closes(),
		conditions: monitoring.AlertPolicyConditionArray{&monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(a.Summary),
			ConditionThreshold: &monitoring.AlertPolicyConditionConditionThresholdArgs{
				Filter:     check.UptimeCheckId.ApplyT(uptime.Filter).(pulumi.StringOutput),
				Comparison: pulumi.String("COMPARISON_GT"), ThresholdValue: pulumi.Float64(a.Failed),
				Duration: seconds(time.Duration(a.ForSeconds) * time.Second),
				Aggregations: monitoring.AlertPolicyConditionConditionThresholdAggregationArray{
					&monitoring.AlertPolicyConditionConditionThresholdAggregationArgs{
						AlignmentPeriod:  pulumi.String(strconv.Itoa(a.AlignmentSeconds) + "s"),
						PerSeriesAligner: pulumi.String(a.Aligner), CrossSeriesReducer: pulumi.String(a.Reducer),
						GroupByFields: pulumi.ToStringArray([]string{"resource.label.*"}),
					},
				},
				Trigger: &monitoring.AlertPolicyConditionConditionThresholdTriggerArgs{Count: pulumi.Int(1)},
			},
		}},
	})
}
