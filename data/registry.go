package data

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The tags by which images are kept, each followed by the stack's name: the image
// that a stack runs has the one, the image that an update brings the other. Pods
// name images by digest, so that a tag that moves changes nothing that runs.
const (
	RunsTag = "runs-"
	NextTag = "next-"
)

// registry declares the repository of the API's images. Old images go, but none
// that a stack runs or is about to run, however old it is, and never the newest
// ones.
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
				Id:     pulumi.String("keep-running"),
				Action: pulumi.String("KEEP"),
				Condition: &artifactregistry.RepositoryCleanupPolicyConditionArgs{
					TagState:    pulumi.String("TAGGED"),
					TagPrefixes: pulumi.ToStringArray([]string{RunsTag, NextTag}),
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
