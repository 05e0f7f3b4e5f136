package data

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// takenHook names the hook in the engine's state and in its messages.
const takenHook = "a key ring's name is free"

// absent are the answers to a look-up of a ring that does not exist: the provider's own words
// (google-beta/services/kms/data_source_google_kms_key_ring.go), and Cloud KMS's in a project
// where it is not enabled yet.
var absent = regexp.MustCompile(`not found|Error 404|has not been used in project|SERVICE_DISABLED`)

// refuseTaken refuses, in a preview, to make a key ring that Google has already. The update
// would stop there half-way: Cloud KMS never deletes a ring
// (https://cloud.google.com/kms/docs/resource-hierarchy#lifetime), so that one is left of a
// stack that was destroyed. The engine calls the hook only for a ring that the state does not have.
func (args *KeysArgs) refuseTaken(ctx *pulumi.Context, ring string) (pulumi.ResourceOption, error) {
	if ctx.RunningWithMocks() {
		return pulumi.ResourceHooks(nil), nil // the mock engine takes no hook
	}
	hook, err := ctx.RegisterResourceHook(takenHook, func(*pulumi.ResourceHookArgs) error {
		if !ctx.DryRun() {
			return nil
		}
		found, err := kms.GetKMSKeyRing(ctx, &kms.GetKMSKeyRingArgs{Name: ring, Location: args.Region, Project: &args.Project}, pulumi.Provider(args.Asking))
		switch {
		case err == nil:
			return fmt.Errorf("the key ring %s already exists, and this stack does not have it: Cloud KMS keeps those of a stack that was destroyed. "+
				"Set another data.keys.ring; what else such a stack leaves, and how to go on with the old ring, is in docs/destroy.md", found.Id)
		case absent.MatchString(err.Error()):
			return nil
		default:
			return ctx.Log.Warn(fmt.Sprintf("whether a key ring %s exists already is not known: %v", ring, err), nil)
		}
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, fmt.Errorf("registering the hook %q: %w", takenHook, err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}), nil
}
