package data

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/taken"
)

// refuseTaken refuses, in a preview, to make a key ring that Google has already: Cloud KMS
// never deletes a ring (https://cloud.google.com/kms/docs/resource-hierarchy#lifetime), so that
// one is left of a stack that was destroyed.
func (args *KeysArgs) refuseTaken(ctx *pulumi.Context, ring string) (pulumi.ResourceOption, error) {
	return taken.Refuse(ctx, taken.Name{
		Hook: "a key ring's name is free",
		Of:   "the key ring " + ring,
		Look: func() (string, error) {
			found, err := kms.GetKMSKeyRing(ctx, &kms.GetKMSKeyRingArgs{Name: ring, Location: args.Region, Project: &args.Project}, pulumi.Provider(args.Asking))
			if err != nil {
				return "", err
			}
			return found.Id, nil
		},
		Remedy: "Cloud KMS keeps those of a stack that was destroyed. Set another data.keys.ring; what else such a stack leaves, and how to go on with the old ring, is in docs/destroy.md",
	})
}
