package observe

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/objective"
)

// declaredObjective is an objective with its full name in Cloud Monitoring.
type declaredObjective struct {
	objective.Objective
	name pulumi.StringOutput
}

// declareObjectives declares the license API as a service of Cloud Monitoring, its
// service level objectives, and the alerts on their burn rates. An objective waits for the
// load balancer and the pods: before them nobody writes its metric.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring
func (o *Observability) declareObjectives(ctx *pulumi.Context, name string, args *Args) error {
	service, err := monitoring.NewCustomService(ctx, name, &monitoring.CustomServiceArgs{
		Project:     pulumi.String(args.Project),
		ServiceId:   pulumi.String(args.Backend.Service),
		DisplayName: pulumi.String("License API"),
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services))
	if err != nil {
		return fmt.Errorf("declaring the monitored service %s: %w", args.Backend.Service, err)
	}
	for _, slo := range objective.All(args.Backend, args.Settings.Objectives) {
		declared, err := monitoring.NewSlo(ctx, name+"-"+slo.Name, &monitoring.SloArgs{
			Project:           pulumi.String(args.Project),
			Service:           service.ServiceId,
			SloId:             pulumi.String(slo.Name),
			DisplayName:       pulumi.String(slo.Summary),
			Goal:              pulumi.Float64(slo.Goal),
			RollingPeriodDays: pulumi.Int(slo.Days),
			RequestBasedSli:   indicator(slo),
		}, pulumi.Parent(o), pulumi.DependsOn(args.Workload), pulumi.DependsOn(args.Edge))
		if err != nil {
			return fmt.Errorf("declaring objective %s: %w", slo.Name, err)
		}
		o.objectives = append(o.objectives, declaredObjective{Objective: slo, name: declared.Name})
		for _, a := range slo.Alerts() {
			if err := o.declare(ctx, name, args, policy{
				name: a.Name, summary: a.Summary, severity: a.Severity, playbook: a.Playbook,
				allConditions: true, conditions: burnRateConditions(a, declared.Name), strategy: closes(), after: args.Edge,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// indicator is what is counted: server errors among all requests, or answers in
// time among all answers.
func indicator(slo objective.Objective) *monitoring.SloRequestBasedSliArgs {
	if slo.Milliseconds == 0 {
		return &monitoring.SloRequestBasedSliArgs{GoodTotalRatio: &monitoring.SloRequestBasedSliGoodTotalRatioArgs{
			BadServiceFilter:   pulumi.String(slo.Indicator.Bad()),
			TotalServiceFilter: pulumi.String(slo.Indicator.Total()),
		}}
	}
	return &monitoring.SloRequestBasedSliArgs{DistributionCut: &monitoring.SloRequestBasedSliDistributionCutArgs{
		DistributionFilter: pulumi.String(slo.Indicator.Distribution()),
		Range: &monitoring.SloRequestBasedSliDistributionCutRangeArgs{
			Min: pulumi.Float64(0), Max: pulumi.Float64(float64(slo.Milliseconds)),
		},
	}}
}

// burnRateConditions are true while the error budget burns too fast over each of the
// lookbacks.
func burnRateConditions(a objective.Alert, name pulumi.StringOutput) (conditions monitoring.AlertPolicyConditionArray) {
	if a.Expression != "" {
		return monitoring.AlertPolicyConditionArray{&monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(a.Summary),
			ConditionPrometheusQueryLanguage: &monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs{
				Query: pulumi.String(a.Expression), Duration: pulumi.String("0s"),
				// Every evaluation reads days of data, which half a minute changes hardly at all.
				EvaluationInterval: pulumi.String("300s"),
				AlertRule:          pulumi.String(a.Name), RuleGroup: pulumi.String("license-objectives"),
			},
		}}
	}
	for _, lookback := range a.Lookbacks {
		conditions = append(conditions, &monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(fmt.Sprintf("more than %.4g times too fast over %s", a.BurnRate, objective.Lookback(lookback))),
			ConditionThreshold: &monitoring.AlertPolicyConditionConditionThresholdArgs{
				Filter: name.ApplyT(func(known string) string { return objective.BurnRate{Objective: known, Lookback: lookback}.Filter() }).(pulumi.StringOutput),
				// A burn rate selector returns values to compare: it accepts no aggregations.
				// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-policy-api
				Comparison: pulumi.String("COMPARISON_GT"), ThresholdValue: pulumi.Float64(a.BurnRate), Duration: seconds(0),
			},
		})
	}
	return conditions
}

func seconds(d time.Duration) pulumi.String { return pulumi.String(fmt.Sprintf("%ds", d/time.Second)) }
