// Package taken refuses, in a preview, to create a resource when another one of the same name
// exists outside of the stack. The update would stop there half-way, or take it over.
package taken

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Name is a name that a resource is about to take.
type Name struct {
	// Hook names the hook in the engine's state and in its messages.
	Hook string
	// Of says what has the name, such as "a key ring license-dev".
	Of string
	// Look returns the id of what has the name already, or "" when that is the stack's own.
	Look func() (id string, err error)
	// Remedy says what to do about it.
	Remedy string
}

// absent are the answers to a look-up of what does not exist: the provider's own words
// (google-beta/services/kms/data_source_google_kms_key_ring.go,
// google-beta/tpgresource/utils.go, HandleDataSourceNotFoundError), and an API's in a project
// where it is not enabled yet.
var absent = regexp.MustCompile(`not found|Error 404|has not been used in project|SERVICE_DISABLED`)

// Absent tells whether a look-up failed because the resource does not exist.
func Absent(err error) bool { return absent.MatchString(err.Error()) }

// Refuse is the option of a resource that takes the name. The engine asks only for one that
// the state does not have.
func Refuse(ctx *pulumi.Context, name Name) (pulumi.ResourceOption, error) {
	if ctx.RunningWithMocks() {
		return pulumi.ResourceHooks(nil), nil // the mock engine takes no hook
	}
	hook, err := ctx.RegisterResourceHook(name.Hook, func(*pulumi.ResourceHookArgs) error {
		if !ctx.DryRun() {
			return nil
		}
		id, err := name.Look()
		switch {
		case err == nil && id == "":
			return nil
		case err == nil:
			return fmt.Errorf("%s exists already, and this stack does not have it (%s): %s", name.Of, id, name.Remedy)
		case Absent(err):
			return nil
		default:
			return ctx.Log.Warn(fmt.Sprintf("whether %s exists already is not known: %v", name.Of, err), nil)
		}
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, fmt.Errorf("register the hook %q: %w", name.Hook, err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}), nil
}
