package data

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/enabled"
)

// loggingMember asks Cloud Logging which service account encrypts the project's
// log buckets; asking also makes that account. It is asked only once the APIs
// are enabled, so that the first preview of an empty project does not fail.
// https://cloud.google.com/logging/docs/routing/managed-encryption-storage
func (k *Keys) loggingMember(ctx *pulumi.Context, args *KeysArgs) principal {
	member := after(args.Services, args.Project).ApplyTWithContext(ctx.Context(), func(wait context.Context, project string) (string, error) {
		settings, err := enabled.Look(wait, ctx, func() (*logging.GetProjectCmekSettingsResult, error) {
			return logging.GetProjectCmekSettings(ctx, &logging.GetProjectCmekSettingsArgs{Project: project}, pulumi.Parent(k))
		})
		if err != nil {
			return "", fmt.Errorf("ask Cloud Logging for its service account: %w", err)
		}
		return asServiceAccount(settings.ServiceAccountId), nil
	}).(pulumi.StringOutput)
	return principal{member: member}
}

// asServiceAccount prefixes an address the way IAM policies name it; Cloud
// Logging has answered with and without the prefix.
func asServiceAccount(email string) string {
	const prefix = "serviceAccount:"
	return prefix + strings.TrimPrefix(email, prefix)
}

// after returns value as an output that is known only once the resources exist.
func after(resources []pulumi.Resource, value string) pulumi.StringOutput {
	made := make([]any, 0, len(resources))
	for _, resource := range resources {
		if custom, ok := resource.(pulumi.CustomResource); ok {
			made = append(made, custom.ID())
		}
	}
	return pulumi.All(made...).ApplyT(func([]any) string { return value }).(pulumi.StringOutput)
}
