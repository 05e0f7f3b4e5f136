package stack

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/enabled"
)

// requiredServices are the Google APIs that the layers declare resources of.
// Service Usage, which enables them, is the only one that must be enabled before
// (https://cloud.google.com/service-usage/docs/enabled-service); new projects
// have it.
func (s Settings) requiredServices() []string {
	names := []string{
		"artifactregistry", "binaryauthorization", "cloudkms", "cloudresourcemanager", "compute", "container",
		"containersecurity", "dns", "iam", "iamcredentials", "identitytoolkit", "logging", "monitoring", "redis",
		"secretmanager", "servicenetworking", "sqladmin",
	}
	// https://cloud.google.com/iap/docs/enabling-kubernetes-howto
	if s.Kubernetes.Ingress.Staff.Enabled {
		names = append(names, "iap")
	}
	// https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway/setup
	if s.Kubernetes.Cluster.ConnectGateway {
		names = append(names, "connectgateway", "gkehub")
	}
	return names
}

// services are the enabled APIs of a project.
type services struct {
	// enabled APIs must exist before all resources of these APIs.
	enabled []pulumi.Resource
	// projectNumber names the project's service agents.
	projectNumber pulumi.StringOutput
}

// enableServices enables the APIs, and never disables one: others in the project
// may use it.
func enableServices(ctx *pulumi.Context, project string, names []string, provider pulumi.ProviderResource) (services, error) {
	var s services
	ids := pulumi.Array{}
	for _, name := range names {
		service, err := projects.NewService(ctx, name, &projects.ServiceArgs{
			Project:                  pulumi.String(project),
			Service:                  pulumi.String(name + ".googleapis.com"),
			DisableOnDestroy:         pulumi.Bool(false),
			DisableDependentServices: pulumi.Bool(false),
		}, pulumi.Provider(provider))
		if err != nil {
			return services{}, fmt.Errorf("enable %s.googleapis.com: %w", name, err)
		}
		s.enabled = append(s.enabled, service)
		ids = append(ids, service.ID())
	}
	// An id is not known before its API is enabled, so the first preview of an empty
	// project does not ask for it.
	s.projectNumber = ids.ToArrayOutput().ApplyTWithContext(ctx.Context(), func(wait context.Context, _ []any) (string, error) {
		found, err := enabled.Look(wait, ctx, func() (*organizations.LookupProjectResult, error) {
			return organizations.LookupProject(ctx, &organizations.LookupProjectArgs{ProjectId: &project}, pulumi.Provider(provider))
		})
		if err != nil {
			return "", fmt.Errorf("look up the number of project %s: %w", project, err)
		}
		return found.Number, nil
	}).(pulumi.StringOutput)
	return s, nil
}
