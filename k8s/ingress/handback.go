package ingress

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// handBackFirst is the name of the hook that refuses to delete the patch of an adopted
// Ingress. A destroy that does not run the program does not know the hook, refuses all
// the same and shows this name, so the name says what to do.
const handBackFirst = "an adopted Ingress is given back before a destroy: kubernetes.ingress.giveBack, docs/destroy.md step 3"

// errNotGivenBack is the error of an update, in its preview where it has one, and of a destroy with
// --run-program.
var errNotGivenBack = errors.New("the Ingress still routes to the platform, and its load balancer would stop applying changes: " +
	"run an up with kubernetes.ingress.giveBack: true first (docs/destroy.md)")

// refuseToLeave registers a hook that refuses a deletion after which an adopted Ingress would
// still name a Service, a certificate and a FrontendConfig that no longer exist. The engine calls
// the hook in the preview, before anything is deleted. It is always registered, because a patch
// that is no longer declared has the hook from an earlier update.
func (a *Args) refuseToLeave(ctx *pulumi.Context) ([]pulumi.ResourceOption, error) {
	if ctx.RunningWithMocks() {
		return nil, nil // the mock engine takes no hook
	}
	hook, err := ctx.RegisterResourceHook(handBackFirst, func(deleted *pulumi.ResourceHookArgs) error {
		return a.judgeDeletion(deleted.OldInputs, ctx.DryRun())
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, fmt.Errorf("register the hook %q: %w", handBackFirst, err)
	}
	if a.Settings.GiveBack {
		return nil, nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeDelete: []*pulumi.ResourceHook{hook}})}, nil
}

// judgeDeletion refuses to delete the patch of an Ingress that the settings no longer adopt. The
// patch of the Ingress that they name may be deleted: its replacement has the same fields. A
// replacement by the patch of another Ingress is refused in the preview only: without one it exists
// already, and an update that stops then leaves two patches that can never be deleted.
func (a *Args) judgeDeletion(old resource.PropertyMap, preview bool) error {
	name, found := resource.PropertyPath{"metadata", "name"}.Get(resource.NewObjectProperty(old))
	same := found && name.IsString() && name.StringValue() == a.Settings.Name
	if a.Settings.Adopt && (same || !preview) {
		return nil
	}
	return errNotGivenBack
}
