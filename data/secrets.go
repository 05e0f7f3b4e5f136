package data

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/secretmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// stored is a secret and its newest version in Secret Manager.
type stored struct {
	// id is projects/…/secrets/….
	id pulumi.StringOutput
	// version is projects/…/secrets/…/versions/….
	version pulumi.StringOutput
}

// secret declares one secret, encrypted with the platform's key and kept in the
// stack's region only, and puts value into it.
// https://cloud.google.com/secret-manager/docs/cmek
func (s *Stores) secret(
	ctx *pulumi.Context, name, id string, args *StoresArgs, value pulumi.StringInput,
) (stored, error) {
	secret, err := secretmanager.NewSecret(ctx, name+"-"+id, &secretmanager.SecretArgs{
		Project:  pulumi.String(args.Project),
		SecretId: pulumi.String(id),
		Replication: &secretmanager.SecretReplicationArgs{
			UserManaged: &secretmanager.SecretReplicationUserManagedArgs{
				Replicas: secretmanager.SecretReplicationUserManagedReplicaArray{
					&secretmanager.SecretReplicationUserManagedReplicaArgs{
						Location: pulumi.String(args.Region),
						CustomerManagedEncryption: &secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs{
							KmsKeyName: args.Keys.Secrets,
						},
					},
				},
			},
		},
	}, pulumi.Parent(s))
	if err != nil {
		return stored{}, fmt.Errorf("declaring secret %q: %w", id, err)
	}
	version, err := secretmanager.NewSecretVersion(ctx, name+"-"+id, &secretmanager.SecretVersionArgs{
		Secret:     secret.ID(),
		SecretData: value, // the provider marks it as a secret
	}, pulumi.Parent(s))
	if err != nil {
		return stored{}, fmt.Errorf("declaring the version of secret %q: %w", id, err)
	}
	return stored{id: secret.ID().ToStringOutput(), version: version.Name}, nil
}
