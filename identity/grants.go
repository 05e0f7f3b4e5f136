package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/secretmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GrantsArgs is what Grants needs from the stack.
type GrantsArgs struct {
	// Settings are the layer's settings; they must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Region is where the image repository is.
	Region string
	// APIEmail, MigrationEmail and NodeEmail are the addresses of the service
	// accounts that get the grants.
	APIEmail, MigrationEmail, NodeEmail pulumi.StringInput
	// SigningKeyID is the key that signs license tokens.
	SigningKeyID pulumi.StringInput
	// SQLInstanceName is the database instance that may be connected to. Without
	// it the grants hold for every instance of the project.
	SQLInstanceName pulumi.StringInput
	// RedisAuthSecretID and MigrationPasswordSecretID are the secrets.
	RedisAuthSecretID, MigrationPasswordSecretID pulumi.StringInput
	// RegistryRepository is the name of the image repository.
	RegistryRepository pulumi.StringInput
	// CreatesCluster says that the nodes are the stack's own: they also get
	// what a node needs to write logs and metrics.
	CreatesCluster bool
}

// Grants are what the workloads may do.
type Grants struct {
	pulumi.ResourceState

	// Resources are the grants: workloads that start before them are refused.
	Resources []pulumi.Resource
}

// grant is one right of one identity.
type grant struct {
	// name names the resource.
	name string
	// role is the predefined role.
	role string
	// email is the service account that gets it.
	email pulumi.StringInput
	// give declares it on what it is for.
	give giver
}

// giver declares one right on one kind of thing.
type giver func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error)

// NewGrants declares every IAM grant of the workloads, each on the narrowest resource
// that Google Cloud allows: the key, the secret, the repository, and for Cloud SQL, which
// has no policies of its own, the project under the condition that the resource is this
// instance.
func NewGrants(ctx *pulumi.Context, name string, args *GrantsArgs, opts ...pulumi.ResourceOption) (*Grants, error) {
	grants := &Grants{}
	if err := ctx.RegisterComponentResource("licensing:identity:Grants", name, grants, opts...); err != nil {
		return nil, fmt.Errorf("registering grants %q: %w", name, err)
	}
	for _, g := range list(args) {
		member := pulumi.Sprintf("serviceAccount:%s", g.email)
		made, err := g.give(ctx, name+"-"+g.name, member, pulumi.String(g.role), pulumi.Parent(grants))
		if err != nil {
			return nil, fmt.Errorf("granting %s (%s): %w", g.name, g.role, err)
		}
		grants.Resources = append(grants.Resources, made)
	}
	return grants, ctx.RegisterResourceOutputs(grants, pulumi.Map{})
}

// list is every right of every workload: nothing else is granted.
func list(args *GrantsArgs) []grant {
	key, instance := onKey(args.SigningKeyID), onInstance(args)
	all := []grant{
		{"api-public-keys", "roles/cloudkms.publicKeyViewer", args.APIEmail, key},
		{"api-redis-auth", "roles/secretmanager.secretAccessor", args.APIEmail, onSecret(args.RedisAuthSecretID)},
		{"migration-password", "roles/secretmanager.secretAccessor", args.MigrationEmail, onSecret(args.MigrationPasswordSecretID)},
		// Both reach the database through the Cloud SQL connector; the migration logs in
		// by a password there.
		{"api-sql", "roles/cloudsql.client", args.APIEmail, instance},
		{"migration-sql", "roles/cloudsql.client", args.MigrationEmail, instance},
		{"api-sql-login", "roles/cloudsql.instanceUser", args.APIEmail, instance},
	}
	if !args.Settings.SigningSuspended {
		all = append(all, grant{"api-sign", "roles/cloudkms.signer", args.APIEmail, key})
	}
	if args.CreatesCluster {
		// What a node needs to run: everything else is the workloads' own.
		// https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa
		project := onProject(args.Project)
		all = append(all,
			grant{"nodes-logs", "roles/logging.logWriter", args.NodeEmail, project},
			grant{"nodes-metrics", "roles/monitoring.metricWriter", args.NodeEmail, project},
			grant{"nodes-metadata", "roles/stackdriver.resourceMetadata.writer", args.NodeEmail, project},
		)
	}
	if args.CreatesCluster || args.Settings.NodeAccount != "" {
		all = append(all, grant{"nodes-images", "roles/artifactregistry.reader", args.NodeEmail, onRepository(args)})
	}
	return all
}

func onKey(id pulumi.StringInput) giver {
	return func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
		return kms.NewCryptoKeyIAMMember(ctx, name, &kms.CryptoKeyIAMMemberArgs{CryptoKeyId: id, Role: role, Member: member}, opts...)
	}
}

func onSecret(id pulumi.StringInput) giver {
	return func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
		return secretmanager.NewSecretIamMember(ctx, name, &secretmanager.SecretIamMemberArgs{SecretId: id, Role: role, Member: member}, opts...)
	}
}

func onRepository(args *GrantsArgs) giver {
	return func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
		return artifactregistry.NewRepositoryIamMember(ctx, name, &artifactregistry.RepositoryIamMemberArgs{
			Project:    pulumi.String(args.Project),
			Location:   pulumi.String(args.Region),
			Repository: args.RegistryRepository,
			Role:       role,
			Member:     member,
		}, opts...)
	}
}

func onProject(project string) giver {
	return func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
		return projects.NewIAMMember(ctx, name, &projects.IAMMemberArgs{Project: pulumi.String(project), Role: role, Member: member}, opts...)
	}
}

// onInstance grants on the project, but only for one Cloud SQL instance.
// https://cloud.google.com/sql/docs/postgres/iam-conditions
func onInstance(args *GrantsArgs) giver {
	if args.SQLInstanceName == nil {
		return onProject(args.Project)
	}
	return func(ctx *pulumi.Context, name string, member, role pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
		return projects.NewIAMMember(ctx, name, &projects.IAMMemberArgs{
			Project: pulumi.String(args.Project),
			Role:    role,
			Member:  member,
			Condition: &projects.IAMMemberConditionArgs{
				Title: pulumi.String("only-the-license-database"),
				Expression: pulumi.Sprintf(
					"resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/%s/instances/%s'",
					args.Project, args.SQLInstanceName),
			},
		}, opts...)
	}
}
