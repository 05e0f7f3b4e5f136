package observe

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/objective"
)

// kept is a promise with the objective's name in Cloud Monitoring.
type kept struct {
	objective.Objective
	name pulumi.StringOutput
}

// promises declares the license API as a service of Cloud Monitoring, what its
// clients are promised, and the alerts on it.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring
func (o *Observability) promises(ctx *pulumi.Context, name string, args *Args) error {
	service, err := monitoring.NewCustomService(ctx, name, &monitoring.CustomServiceArgs{
		Project:     pulumi.String(args.Project),
		ServiceId:   pulumi.String(args.Backend.Service),
		DisplayName: pulumi.String("License API"),
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services))
	if err != nil {
		return fmt.Errorf("declaring the monitored service %s: %w", args.Backend.Service, err)
	}
	for _, promise := range objective.All(args.Backend, args.Settings.Objectives) {
		declared, err := monitoring.NewSlo(ctx, name+"-"+promise.Name, &monitoring.SloArgs{
			Project:           pulumi.String(args.Project),
			Service:           service.ServiceId,
			SloId:             pulumi.String(promise.Name),
			DisplayName:       pulumi.String(promise.Summary),
			Goal:              pulumi.Float64(promise.Goal),
			RollingPeriodDays: pulumi.Int(promise.Days),
			RequestBasedSli:   indicator(promise),
		}, pulumi.Parent(o))
		if err != nil {
			return fmt.Errorf("declaring objective %s: %w", promise.Name, err)
		}
		o.objectives = append(o.objectives, kept{Objective: promise, name: declared.Name})
		for _, a := range promise.Alerts() {
			if err := o.declare(ctx, name, args, policy{
				name: a.Name, summary: a.Summary, severity: a.Severity, playbook: a.Playbook,
				every: true, conditions: burning(a, declared.Name), strategy: closes(), after: args.Edge,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// indicator is what is counted: server errors among all requests, or answers in
// time among all answers.
func indicator(promise objective.Objective) *monitoring.SloRequestBasedSliArgs {
	if promise.Milliseconds == 0 {
		return &monitoring.SloRequestBasedSliArgs{GoodTotalRatio: &monitoring.SloRequestBasedSliGoodTotalRatioArgs{
			BadServiceFilter:   pulumi.String(promise.Indicator.Bad()),
			TotalServiceFilter: pulumi.String(promise.Indicator.Total()),
		}}
	}
	return &monitoring.SloRequestBasedSliArgs{DistributionCut: &monitoring.SloRequestBasedSliDistributionCutArgs{
		DistributionFilter: pulumi.String(promise.Indicator.Distribution()),
		Range: &monitoring.SloRequestBasedSliDistributionCutRangeArgs{
			Min: pulumi.Float64(0), Max: pulumi.Float64(float64(promise.Milliseconds)),
		},
	}}
}

// burning holds while the budget burns too fast over each of the lookbacks.
func burning(a objective.Alert, name pulumi.StringOutput) (conditions monitoring.AlertPolicyConditionArray) {
	if a.Expression != "" {
		return monitoring.AlertPolicyConditionArray{&monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(a.Summary),
			ConditionPrometheusQueryLanguage: &monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs{
				Query: pulumi.String(a.Expression), Duration: pulumi.String("0s"),
				// Days do not change in half a minute, and every evaluation reads them.
				EvaluationInterval: pulumi.String("300s"),
				AlertRule:          pulumi.String(a.Name), RuleGroup: pulumi.String("license-promises"),
			},
		}}
	}
	for _, lookback := range a.Lookbacks {
		conditions = append(conditions, &monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(fmt.Sprintf("more than %.4g times too fast over %s", a.BurnRate, objective.Lookback(lookback))),
			ConditionThreshold: &monitoring.AlertPolicyConditionConditionThresholdArgs{
				Filter: name.ApplyT(func(known string) string { return objective.BurnRate{Objective: known, Lookback: lookback}.Filter() }).(pulumi.StringOutput),
				// A burn rate comes ready to compare: it has no aggregations.
				// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-policy-api
				Comparison: pulumi.String("COMPARISON_GT"), ThresholdValue: pulumi.Float64(a.BurnRate), Duration: seconds(0),
			},
		})
	}
	return conditions
}

func seconds(d time.Duration) pulumi.String { return pulumi.String(fmt.Sprintf("%ds", d/time.Second)) }
