package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WorkloadIdentityArgs is what WorkloadIdentity needs from the stack.
type WorkloadIdentityArgs struct {
	// Accounts are the identities of the workloads.
	Accounts *Accounts
	// Pool is what makes the project's workload identity pool,
	// PROJECT.svc.id.goog: the cluster, where the stack creates it.
	Pool []pulumi.Resource
}

// WorkloadIdentity lets the Kubernetes service accounts act as the Google
// service accounts, without keys.
type WorkloadIdentity struct {
	pulumi.ResourceState

	// Resources are the bindings: pods that start before them get no token.
	Resources []pulumi.Resource
}

// NewWorkloadIdentity declares the bindings. It is a separate step because the pool
// exists only after the first cluster of the project, and the nodes of that cluster need
// one of the accounts. Before, IAM answers "Identity Pool does not exist"
// (terraform-google-kubernetes-engine issue 916).
func NewWorkloadIdentity(
	ctx *pulumi.Context, name string, args *WorkloadIdentityArgs, opts ...pulumi.ResourceOption,
) (*WorkloadIdentity, error) {
	identity := &WorkloadIdentity{}
	if err := ctx.RegisterComponentResource("licensing:identity:WorkloadIdentity", name, identity, opts...); err != nil {
		return nil, fmt.Errorf("registering workload identity %q: %w", name, err)
	}
	for _, workload := range args.Accounts.workloads {
		binding, err := serviceaccount.NewIAMMember(ctx, name+"-"+workload.use, &serviceaccount.IAMMemberArgs{
			ServiceAccountId: workload.account,
			Role:             pulumi.String("roles/iam.workloadIdentityUser"),
			Member:           pulumi.String(workload.member),
		}, pulumi.Parent(identity), pulumi.DependsOn(args.Pool))
		if err != nil {
			return nil, fmt.Errorf("binding %s: %w", workload.member, err)
		}
		identity.Resources = append(identity.Resources, binding)
	}
	return identity, ctx.RegisterResourceOutputs(identity, pulumi.Map{})
}
