package observe

import (
	"fmt"

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
	_, err = logging.NewProjectSink(ctx, name, &logging.ProjectSinkArgs{
		Project:              pulumi.String(args.Project),
		Name:                 pulumi.String(settings.Bucket),
		Description:          pulumi.String("License platform: everything that is kept"),
		Destination:          pulumi.Sprintf("logging.googleapis.com/%s", bucket.ID()),
		UniqueWriterIdentity: pulumi.Bool(true),
		Filter: instance.ApplyT(func(known string) string {
			return filter(args.Project, args.Namespace, args.Host, known)
		}).(pulumi.StringOutput),
	}, pulumi.Parent(o))
	if err != nil {
		return fmt.Errorf("declaring log sink %q: %w", settings.Bucket, err)
	}
	o.Bucket = bucket.ID().ToStringOutput()
	return nil
}
