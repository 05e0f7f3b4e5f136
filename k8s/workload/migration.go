package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareMigration declares the Job that brings the schema and the tenants to what this version
// needs. A Job cannot be changed, so its name carries a fingerprint of what it does: new
// content is a new Job that runs, the same content is the old one that stays. It has no time to
// live, because a Job that disappears would be created and run again. A Job that has failed is
// replaced by the next update, because Kubernetes never runs it again, and Pulumi would wait
// for it in vain (https://www.pulumi.com/registry/packages/kubernetes/api-docs/batch/v1/job/).
func (b *builder) declareMigration(*Workload) error {
	name := b.migrationName()
	job, err := batchv1.NewJob(b.ctx, MigrationName, &batchv1.JobArgs{
		Metadata: b.metadata(name, pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")}, MigrationName),
		Spec: batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(6),
			ActiveDeadlineSeconds: pulumi.Int(int(migrationDeadline.Seconds())),
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: labels(MigrationName)},
				Spec: corev1.PodSpecArgs{
					RestartPolicy:                pulumi.String("Never"),
					ServiceAccountName:           pulumi.String(MigrationName),
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					SecurityContext:              restrictedPod(),
					NodeSelector:                 b.args.Settings.nodeSelector(),
					HostAliases:                  hostAliases(b.args.GoogleAddresses, b.args.MigrationGoogleNames),
					Containers: corev1.ContainerArray{corev1.ContainerArgs{
						Name:            pulumi.String(MigrationName),
						Image:           b.args.Image.ToStringOutput().ToStringPtrOutput(),
						Args:            pulumi.ToStringArray([]string{"migrate"}),
						Env:             environment(b.args.MigrationEnvironment),
						SecurityContext: restrictedContainer(),
						Resources:       b.args.Settings.resources(),
					}},
				},
			},
		},
	}, append(b.options(append([]pulumi.Resource{b.accounts[MigrationName]}, b.args.Before...)...), migrationTimeouts())...)
	b.migration = job
	return err
}

// migrationName is MigrationName and a fingerprint of image, resources, environment,
// nodes and host aliases.
func (b *builder) migrationName() pulumi.StringOutput {
	s := b.args.Settings
	content := []any{b.args.Image, s.cpu(), s.memory()}
	for _, v := range b.args.MigrationEnvironment {
		content = append(content, v.Name, v.Value)
	}
	if s.Arm() {
		content = append(content, s.BuildPlatform())
	}
	if len(b.args.GoogleAddresses) > 0 {
		content = append(content, b.args.GoogleAddresses, b.args.MigrationGoogleNames)
	}
	return pulumi.All(content...).ApplyT(func(values []any) (string, error) {
		encoded, err := json.Marshal(values)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(encoded)
		return MigrationName + "-" + hex.EncodeToString(sum[:5]), nil
	}).(pulumi.StringOutput)
}
