package observe

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logs declares the log bucket and the sink that fills it. The sink needs no
// grant: Cloud Logging lets every sink write to a log bucket of its own
// project, and gives it no writer identity.
// https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
func (o *Observability) logs(ctx *pulumi.Context, name string, args *Args) error {
	settings := args.Settings.withDefaults()
	bucket, err := logging.NewProjectBucketConfig(ctx, name, &logging.ProjectBucketConfigArgs{
		Project:       pulumi.String(args.Project),
		Location:      pulumi.String(args.Region),
		BucketId:      pulumi.String(settings.Bucket),
		Description:   pulumi.String("License platform: workloads, requests, database and audit trail"),
		RetentionDays: pulumi.Int(settings.RetentionDays),
		Locked:        pulumi.Bool(settings.Locked),
		CmekSettings:  &logging.ProjectBucketConfigCmekSettingsArgs{KmsKeyName: args.LogsKeyID},
	}, pulumi.Parent(o), pulumi.DependsOn(args.Services), pulumi.Protect(settings.Protected()))
	if err != nil {
		return fmt.Errorf("declaring log bucket %q: %w", settings.Bucket, err)
	}
	instance := pulumi.String("").ToStringOutput()
	if args.SQLInstanceName != nil {
		instance = args.SQLInstanceName.ToStringOutput()
	}
	free, err := args.refuseTakenSink(ctx, settings.Bucket)
	if err != nil {
		return err
	}
	sink, err := logging.NewProjectSink(ctx, name, &logging.ProjectSinkArgs{
		Project:              pulumi.String(args.Project),
		Name:                 pulumi.String(settings.Bucket),
		Description:          pulumi.String("License platform: everything that is kept"),
		Destination:          pulumi.Sprintf("logging.googleapis.com/%s", bucket.ID()),
		UniqueWriterIdentity: pulumi.Bool(true),
		Filter: instance.ApplyT(func(known string) string {
			if args.SharedProject {
				return sharedFilter(args.Project, args.Namespace, args.Host, known, settings.AuditedServices)
			}
			return filter(args.Project, args.Namespace, args.Host, known)
		}).(pulumi.StringOutput),
	}, pulumi.Parent(o), free)
	if err != nil {
		return fmt.Errorf("declaring log sink %q: %w", settings.Bucket, err)
	}
	if !settings.KeepInDefault {
		if err := o.exclude(ctx, name, args, instance, sink); err != nil {
			return fmt.Errorf("declaring the exclusion %q: %w", settings.Bucket, err)
		}
	}
	o.Bucket = bucket.ID().ToStringOutput()
	return nil
}

// exclude keeps the entries that the sink stores out of the bucket _Default, which is
// global and has no key of ours. In a shared project those are only the entries that
// nobody else writes.
//
// An exclusion of a project belongs to its sink _Default and to no other sink
// (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.exclusions/create),
// and sinks evaluate an entry independently of each other
// (https://cloud.google.com/logging/docs/routing/overview). Alerts over log entries see an
// entry that any sink of the project routes to a log bucket, as ours does
// (https://cloud.google.com/logging/docs/alerting/log-based-alerts, read 2026-09);
// metrics of the project over log entries count what is excluded, too. So it comes after
// the sink, and goes before it.
func (o *Observability) exclude(ctx *pulumi.Context, name string, args *Args, instance pulumi.StringOutput, sink pulumi.Resource) error {
	settings := args.Settings.withDefaults()
	_, err := logging.NewProjectExclusion(ctx, name, &logging.ProjectExclusionArgs{
		Project:     pulumi.String(args.Project),
		Name:        pulumi.String(settings.Bucket),
		Description: pulumi.String("License platform: kept in a bucket of its own, in its region and under its key"),
		Filter: instance.ApplyT(func(known string) string {
			if args.SharedProject {
				return strings.Join(ownEntries(args.Project, args.Namespace, args.Host, known), "\nOR ")
			}
			return filter(args.Project, args.Namespace, args.Host, known)
		}).(pulumi.StringOutput),
	}, pulumi.Parent(o), pulumi.DependsOn([]pulumi.Resource{sink}))
	return err
}
