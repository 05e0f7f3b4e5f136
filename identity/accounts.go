package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountsArgs is what Accounts needs from the stack.
type AccountsArgs struct {
	// Settings are the layer's settings; they must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Namespace is the Kubernetes namespace of the workloads.
	Namespace string
	// APIServiceAccount is the Kubernetes service account of the API's pods.
	APIServiceAccount string
	// MigrationServiceAccount is the Kubernetes service account of the
	// migration's pods.
	MigrationServiceAccount string
	// Services are the enabled APIs: nothing is asked for before them.
	Services []pulumi.Resource
}

// Accounts are the identities of the workloads and the places where users sign
// in.
type Accounts struct {
	pulumi.ResourceState

	// APIEmail is the address of the API's service account.
	APIEmail pulumi.StringOutput
	// MigrationEmail is the address of the migration's service account.
	MigrationEmail pulumi.StringOutput
	// NodeEmail is the address of the nodes' service account: one made for
	// them, or the one the settings name.
	NodeEmail pulumi.StringOutput
	// TenantIDs are the Identity Platform tenants by their name in the settings.
	TenantIDs pulumi.StringMapOutput

	workloads []workload
}

// workload is a Google service account and the Kubernetes service account that
// may act as it.
type workload struct {
	// use names the workload in the names of resources.
	use string
	// account is the full name of the Google service account.
	account pulumi.StringOutput
	// member is the Kubernetes service account as IAM policies name it.
	member string
}

// NewAccounts declares a service account for the API, one for the migration,
// one for the nodes unless the settings name it, Identity Platform and the
// tenants. No key is ever made for any of them.
func NewAccounts(ctx *pulumi.Context, name string, args *AccountsArgs, opts ...pulumi.ResourceOption) (*Accounts, error) {
	accounts := &Accounts{}
	if err := ctx.RegisterComponentResource("licensing:identity:Accounts", name, accounts, opts...); err != nil {
		return nil, fmt.Errorf("registering accounts %q: %w", name, err)
	}
	api, err := accounts.account(ctx, name, args, "api", "license-api", "License API")
	if err != nil {
		return nil, err
	}
	migration, err := accounts.account(ctx, name, args, "migration", "license-migrate", "License API: database migration")
	if err != nil {
		return nil, err
	}
	accounts.APIEmail = api.Email
	accounts.MigrationEmail = migration.Email
	accounts.NodeEmail = pulumi.String(args.Settings.NodeAccount).ToStringOutput()
	if args.Settings.NodeAccount == "" {
		nodes, err := accounts.account(ctx, name, args, "nodes", "license-nodes", "Nodes of the license platform's cluster")
		if err != nil {
			return nil, err
		}
		accounts.NodeEmail = nodes.Email
	}
	accounts.workloads = []workload{
		{use: "api", account: api.Name, member: kubernetesMember(args.Project, args.Namespace, args.APIServiceAccount)},
		{use: "migration", account: migration.Name, member: kubernetesMember(args.Project, args.Namespace, args.MigrationServiceAccount)},
	}
	if err := accounts.tenants(ctx, name, args); err != nil {
		return nil, err
	}
	return accounts, ctx.RegisterResourceOutputs(accounts, pulumi.Map{
		"apiEmail":       accounts.APIEmail,
		"migrationEmail": accounts.MigrationEmail,
		"nodeEmail":      accounts.NodeEmail,
		"tenantIds":      accounts.TenantIDs,
	})
}

func (a *Accounts) account(
	ctx *pulumi.Context, name string, args *AccountsArgs, use, id, display string,
) (*serviceaccount.Account, error) {
	account, err := serviceaccount.NewAccount(ctx, name+"-"+use, &serviceaccount.AccountArgs{
		Project:     pulumi.String(args.Project),
		AccountId:   pulumi.String(id),
		DisplayName: pulumi.String(display),
	}, pulumi.Parent(a), pulumi.DependsOn(args.Services))
	if err != nil {
		return nil, fmt.Errorf("declaring service account %q: %w", id, err)
	}
	return account, nil
}

// kubernetesMember is a Kubernetes service account as IAM policies name it.
// https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
func kubernetesMember(project, namespace, account string) string {
	return fmt.Sprintf("serviceAccount:%s.svc.id.goog[%s/%s]", project, namespace, account)
}
