package stack

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// googleProvider declares into one project and region, labels whatever can be
// labelled, and comes after what it is told: so does everything it declares. The
// project pays for the calls only when its APIs are enabled before.
func googleProvider(ctx *pulumi.Context, name string, p Platform, after ...pulumi.Resource) (*gcp.Provider, error) {
	provider, err := gcp.NewProvider(ctx, name, &gcp.ProviderArgs{
		Project: pulumi.String(p.Project),
		Region:  pulumi.String(p.Region),
		// Identity Platform counts requests to the caller's project unless told
		// (https://cloud.google.com/docs/quotas/set-quota-project).
		BillingProject:      pulumi.String(p.Project),
		UserProjectOverride: pulumi.Bool(len(after) > 0),
		DefaultLabels: pulumi.StringMap{
			"platform":    pulumi.String(projectName),
			"environment": pulumi.String(p.Environment),
			"managed-by":  pulumi.String("pulumi"),
		},
	}, pulumi.DependsOn(after))
	if err != nil {
		return nil, fmt.Errorf("declare the Google Cloud provider %q: %w", name, err)
	}
	return provider, nil
}

// kubernetesProvider reaches the cluster by its own endpoint and CA, never by
// the caller's kubeconfig. It refuses to create what exists already.
func kubernetesProvider(ctx *pulumi.Context, s Settings, kubeconfig pulumi.StringInput) (*kubernetes.Provider, error) {
	provider, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig: kubeconfig.ToStringOutput().ToStringPtrOutput(),
		// A rotated CA or a new address is the same cluster.
		ClusterIdentifier: pulumi.String(fmt.Sprintf("%s/%s/%s",
			s.Platform.Project, s.Kubernetes.Cluster.Location, s.Kubernetes.Cluster.Name)),
		EnableServerSideApply: pulumi.Bool(true),
		// Since v4.29 this is how the provider is told that an object which exists is
		// not taken over (https://github.com/pulumi/pulumi-kubernetes/issues/2926).
		UpsertExistingObjects: pulumi.Bool(false),
	})
	if err != nil {
		return nil, fmt.Errorf("declare the Kubernetes provider: %w", err)
	}
	return provider, nil
}
