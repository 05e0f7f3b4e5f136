// Package patience lets an update go on when Google is not ready yet: a service
// agent that is still being made, an API that was enabled a moment ago, a webhook
// of a new cluster whose pods have not started. Such an error passes by itself, so
// the engine tries the operation again instead of leaving half a stack.
package patience

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hookName names the hook in the engine's state. Without the program the engine
// does not know the hook, and says so by its name in the place of the reason why a
// deletion failed.
const hookName = "wait for Google (pulumi destroy --run-program says why the deletion failed)"

// attempts bound how often an operation is tried, and with Pause how long: seven
// and a half minutes. The engine's own bound is 100 attempts.
const attempts = 90

// Pause is the time between two attempts: short, since an interrupted update waits
// for its end.
const Pause = 5 * time.Second

// meets are the types that are declared with the hook: those that come first to an
// API, a grant or a webhook, and whose deletion hardly ever fails.
var meets = regexp.MustCompile(`^(gcp:\w+/(\w*(IAM|Iam|iAM)Member|serviceIdentity|account|keyRing|repository|secret|projectBucketConfig|managedZone|policy|sSLPolicy|config):` +
	`|kubernetes:(cloud\.google\.com|networking\.gke\.io|monitoring\.googleapis\.com)/)`)

// passing are errors that end by themselves, by the package of the resources
// that meet them.
var passing = map[string][]*regexp.Regexp{
	"gcp": {
		// A grant meets its service agent too early: Google makes agents after the
		// API is enabled, or after the request for one has been answered
		// (https://github.com/hashicorp/terraform-provider-google/issues/21931,
		// https://cloud.google.com/iam/docs/service-agents).
		regexp.MustCompile(`Error 400: Service account \S+ does not exist`),
		// An API that has just been enabled is not known everywhere
		// (https://cloud.google.com/service-usage/docs/enable-disable).
		regexp.MustCompile(`If you enabled this API recently, wait a few minutes`),
		// A grant takes up to seven minutes to count everywhere
		// (https://cloud.google.com/iam/docs/access-change-propagation).
		regexp.MustCompile(`Error 40[03]: .*cloudkms\.cryptoKeyVersions\.useTo(En|De)crypt`),
	},
	"kubernetes": {
		// An admission webhook with failurePolicy Fail whose pods are not there yet,
		// such as managed Prometheus's for a PodMonitoring
		// (https://github.com/GoogleCloudPlatform/prometheus-engine/issues/696). A webhook
		// that answers and refuses says "denied the request".
		regexp.MustCompile(`failed calling webhook "`),
		// A definition that GKE's addons bring a while after the cluster. The provider
		// waits half a minute for it.
		regexp.MustCompile(`no matches for kind "\w+" in version "(cloud\.google\.com|networking\.gke\.io|monitoring\.googleapis\.com)/`),
	},
}

// Passes tells whether an error of a resource of this type, such as
// "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", ends by itself.
func Passes(typ, message string) bool {
	name, _, _ := strings.Cut(typ, ":")
	return slices.ContainsFunc(passing[name], func(form *regexp.Regexp) bool { return form.MatchString(message) })
}

// Meets tells whether resources of this type are declared with the hook.
func Meets(typ string) bool { return meets.MatchString(typ) }

// Register makes what is declared afterwards, and Meets tells of, wait: pause
// between two attempts.
func Register(ctx *pulumi.Context, pause time.Duration) error {
	if ctx.RunningWithMocks() {
		return nil // nothing fails there, and the mock engine takes no hook
	}
	hook, err := ctx.RegisterErrorHook(hookName, func(failed *pulumi.ErrorHookArgs) (bool, error) {
		return again(ctx.Context(), failed, pause), nil
	})
	if err != nil {
		return fmt.Errorf("register the hook %q: %w", hookName, err)
	}
	return ctx.RegisterStackTransformation(func(declared *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if !Meets(declared.Type) {
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: declared.Props, Opts: append(slices.Clone(declared.Opts),
			pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}))}
	})
}

// again says whether an operation is tried once more, after a pause.
func again(ctx context.Context, failed *pulumi.ErrorHookArgs, pause time.Duration) bool {
	if failed.FailedOperation == "delete" || len(failed.Errors) == 0 || len(failed.Errors) >= attempts || !Passes(string(failed.Type), failed.Errors[0]) {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
