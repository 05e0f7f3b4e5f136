package observe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/dashboard"
)

// dashboard declares the dashboard over everything that the layer watches.
// https://cloud.google.com/monitoring/dashboards/api-dashboard
func (o *Observability) dashboard(ctx *pulumi.Context, name string, args *Args) error {
	settings := args.Settings.withDefaults()
	instance := pulumi.StringInput(pulumi.String(""))
	if args.SQLInstanceName != nil {
		instance = args.SQLInstanceName
	}
	var policies, objectives pulumi.StringArray
	for _, a := range slices.Sorted(maps.Keys(o.policies)) {
		policies = append(policies, o.policies[a])
	}
	for _, slo := range o.objectives {
		objectives = append(objectives, slo.name)
	}
	text := pulumi.All(instance, o.check, policies, objectives).ApplyT(func(known []any) (string, error) {
		source := dashboard.Source{
			Project: args.Project, Workload: alert.Workload{Namespace: args.Namespace, Job: podMonitoring}, Container: args.Container,
			Backend: args.Backend, SecurityPolicy: args.SecurityPolicy, Redis: args.Redis, LogBucket: settings.Bucket,
			SQLInstance: known[0].(string), Check: known[1].(string), Thresholds: settings.Alerts, Playbooks: o.playbooks, Folder: settings.Playbooks,
		}
		for _, policy := range known[2].([]string) {
			// The list takes names without their project.
			source.Policies = append(source.Policies, "alertPolicies/"+policy[strings.LastIndex(policy, "/")+1:])
		}
		for i, objective := range known[3].([]string) {
			source.Objectives = append(source.Objectives, dashboard.DeclaredObjective{Name: objective, Objective: o.objectives[i].Objective})
		}
		return dashboard.New(source).JSON()
	}).(pulumi.StringOutput)
	declared, err := monitoring.NewDashboard(ctx, name, &monitoring.DashboardArgs{
		Project: pulumi.String(args.Project), DashboardJson: text,
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services))
	if err != nil {
		return fmt.Errorf("declaring the dashboard: %w", err)
	}
	// projects/…/dashboards/ID
	o.Dashboard = declared.ID().ToStringOutput().ApplyT(func(id string) string { return id[strings.LastIndex(id, "/")+1:] }).(pulumi.StringOutput)
	return nil
}
