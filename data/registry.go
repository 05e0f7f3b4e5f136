package data

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// registry declares the repository of the API's images. Tags cannot be moved,
// and old images go, but never the newest ones: the image that runs is among
// them, whether it has a tag or not.
// https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy
func (s *Stores) registry(ctx *pulumi.Context, name string, args *StoresArgs) error {
	chosen := args.Settings.withDefaults().Registry
	repository, err := artifactregistry.NewRepository(ctx, name, &artifactregistry.RepositoryArgs{
		Project:      pulumi.String(args.Project),
		Location:     pulumi.String(args.Region),
		RepositoryId: pulumi.String(chosen.Name),
		Description:  pulumi.String("Images of the license platform"),
		Format:       pulumi.String("DOCKER"),
		KmsKeyName:   args.Keys.Registry,
		DockerConfig: &artifactregistry.RepositoryDockerConfigArgs{ImmutableTags: pulumi.Bool(true)},
		CleanupPolicies: artifactregistry.RepositoryCleanupPolicyArray{
			&artifactregistry.RepositoryCleanupPolicyArgs{
				Id:     pulumi.String("expire"),
				Action: pulumi.String("DELETE"),
				Condition: &artifactregistry.RepositoryCleanupPolicyConditionArgs{
					TagState:  pulumi.String("ANY"),
					OlderThan: pulumi.String(seconds(chosen.ExpireDays * aDay)),
				},
			},
			&artifactregistry.RepositoryCleanupPolicyArgs{
				Id:     pulumi.String("keep-newest"),
				Action: pulumi.String("KEEP"),
				MostRecentVersions: &artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs{
					KeepCount: pulumi.Int(chosen.Keep),
				},
			},
		},
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("declaring repository %q: %w", chosen.Name, err)
	}
	s.RegistryRepository = repository.Name
	return nil
}
