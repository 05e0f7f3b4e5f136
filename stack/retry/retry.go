// Package retry repeats operations that fail only because Google is not ready yet: a
// service agent is still being made, an API was enabled a moment ago, the pods of a
// new cluster's webhook have not started, a metric was written for the first time. Such errors are transient, so the engine
// tries the operation again instead of ending the update half-way.
package retry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/enabled"
	"github.com/coditect-ai/license-platform/stack/takeup"
)

// hookName names the hook in the engine's state. Without the program the engine does not
// know the hook, and shows the hook's name instead of the reason why a deletion failed.
const hookName = "wait for Google (pulumi destroy --run-program says why the deletion failed)"

// releaseHookName is the same for what a load balancer uses. A destroy that does not run
// the program shows this name instead of the reason, which is nearly always this one.
const releaseHookName = "is already being used by the load balancer (docs/destroy.md), or fails for what pulumi destroy --run-program tells"

// networkHookName is the same for a network of the stack's, which its peering with Google's
// services keeps.
const networkHookName = "is already being used by the peering with Google's services, or by the load balancer (docs/destroy.md); else pulumi destroy --run-program says why the deletion failed"

// objectHookName is the same for what is in the cluster, and most deletions there fail because
// nobody answers.
const objectHookName = "a cluster that is gone: docs/destroy.md; else pulumi destroy --run-program says why the deletion failed"

// attempts is how often an operation is tried at most. The engine's own bound is 100 attempts.
const attempts = enabled.Attempts

// releaseAttempts is the same for a policy that a load balancer has: with Pause four
// minutes. A load balancer that does not accept the new policy, for example because it
// does not exist, never detaches the old one.
const releaseAttempts = 30

// Pause is the time between two attempts.
const Pause = enabled.Pause

// transientErrors are the errors that are gone after a while, by the package of the
// resources that get them.
var transientErrors = map[string][]*regexp.Regexp{
	"gcp": {
		// A grant to a service agent that does not exist yet: Google makes agents after the
		// API is enabled, or after the request for one has been answered
		// (https://github.com/hashicorp/terraform-provider-google/issues/21931,
		// https://cloud.google.com/iam/docs/service-agents).
		regexp.MustCompile(`Error 400: Service account \S+ does not exist`),
		// The agent of Service Networking is not known everywhere when the first connection
		// is made (https://github.com/GoogleCloudPlatform/magic-modules/pull/16489).
		regexp.MustCompile(`Request had invalid authentication credentials`),
		// A network accepts no other change while one is in progress, such as its peering,
		// and the provider (v5.42) does not wait for that
		// (https://github.com/hashicorp/terraform-provider-google-beta/pull/9970).
		regexp.MustCompile(`Error 400: .*/networks/\S+' is not ready`),
		// An API that has just been enabled is not known everywhere.
		regexp.MustCompile(enabled.Recently),
		// A metric takes Cloud Monitoring up to ten minutes after its first sample
		// (https://github.com/hashicorp/terraform-provider-google/issues/11102,
		// https://github.com/GoogleCloudPlatform/cloud-ops-sandbox/issues/896).
		regexp.MustCompile(`Error 40[04]: .*(Cannot find metric\(s\) that match|Could not find (a|any) metric named|The metric referenced by the provided filter is unknown)`),
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

// keyNotGranted is the refusal of a key that a service may not use. A grant takes up to seven minutes
// to take effect everywhere (https://cloud.google.com/iam/docs/access-change-propagation), and each
// service has its own error text for that: those of Compute Engine
// (https://github.com/hashicorp/terraform-provider-google/issues/15415), Cloud Logging (16702 there),
// Artifact Registry (13008) and Memorystore (17333, in the operation that makes the instance).
var keyNotGranted = regexp.MustCompile(`(?i)Error (40[03]:|code \d+, message:) .*(` +
	`(permission|access|authorized)\b.*(CMEK|KMS key|/cryptoKeys/)|(CMEK|KMS key|/cryptoKeys/).*\b(permission|access|authorized)\b)`)

// typesToRelease are the types that a load balancer releases some time after no object in
// the cluster names them any more.
var typesToRelease = regexp.MustCompile(`^gcp:compute/(sSLPolicy|securityPolicy):`)

// typesOfCompute are, together with the network, the first types that use the Compute
// Engine API. A load balancer that is left over keeps them, so that their hook says so.
var typesOfCompute = regexp.MustCompile(`^gcp:compute/globalAddress:`)

// typesWithGroups are the types that network endpoint groups of a cluster are in.
var typesWithGroups = regexp.MustCompile(`^gcp:compute/(network|subnetwork):`)

// IsReleasedSoon tells whether a deletion failed because a load balancer has not yet released the
// resource: GKE's Ingress controller attaches another policy some time after the FrontendConfig or
// the BackendConfig has named it
// (https://github.com/kubernetes/ingress-gce/blob/master/pkg/backends/features/securitypolicy.go),
// and GKE deletes the network endpoint groups of a cluster after the cluster
// (https://github.com/hashicorp/terraform-provider-google/issues/7637).
func IsReleasedSoon(typ, message string) bool {
	user := takeup.User(message)
	return typesToRelease.MatchString(typ) && user != "" ||
		typesWithGroups.MatchString(typ) && strings.Contains(user, "/networkEndpointGroups/")
}

// IsTransient tells whether an error of a resource of this type, such as
// "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", is gone after a while.
func IsTransient(typ, message string) bool {
	name, _, _ := strings.Cut(typ, ":")
	// What Cloud KMS itself refuses, it refuses to the one who updates.
	if name == "gcp" && !strings.HasPrefix(typ, "gcp:kms/") && keyNotGranted.MatchString(message) {
		return true
	}
	return slices.ContainsFunc(transientErrors[name], func(form *regexp.Regexp) bool { return form.MatchString(message) })
}

// HasHook tells whether resources of this type are declared with a hook.
func HasHook(typ string) bool { return hookOf(typ) != "" }

// hookOf is the name of the hook that resources of this type are declared with; providers
// and components have none.
func hookOf(typ string) string {
	switch name, _, _ := strings.Cut(typ, ":"); {
	case strings.HasPrefix(typ, "gcp:compute/network:"):
		return networkHookName
	case typesToRelease.MatchString(typ), typesOfCompute.MatchString(typ):
		return releaseHookName
	case name == "gcp":
		return hookName
	case name == "kubernetes":
		return objectHookName
	default:
		return ""
	}
}

// Options say how the hooks work.
type Options struct {
	// Pause is the time between two attempts.
	Pause time.Duration
	// Project and Region are the settings of the Google Cloud provider.
	Project, Region string
}

// Register registers the hooks, and adds one to every resource that is declared
// afterwards and that a provider makes.
func Register(ctx *pulumi.Context, o Options) error {
	if ctx.RunningWithMocks() {
		return nil // nothing fails there, and the mock engine takes no hook
	}
	places := &places{ctx: ctx, options: o, parents: map[string]pulumi.Resource{}}
	hooks := map[string]*pulumi.ErrorHook{}
	for _, name := range []string{hookName, releaseHookName, networkHookName, objectHookName} {
		hook, err := ctx.RegisterErrorHook(name, func(failed *pulumi.ErrorHookArgs) (bool, error) {
			if shouldRetry(ctx.Context(), failed, o.Pause) {
				return true, nil
			}
			return false, places.tell(failed)
		})
		if err != nil {
			return fmt.Errorf("register the hook %q: %w", name, err)
		}
		hooks[name] = hook
	}
	return ctx.RegisterStackTransformation(func(declared *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		hook := hooks[hookOf(declared.Type)]
		if hook == nil {
			return nil
		}
		places.remember(declared)
		return &pulumi.ResourceTransformationResult{Props: declared.Props, Opts: append(slices.Clone(declared.Opts),
			pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}))}
	})
}

// shouldRetry says whether an operation is tried once more, after a pause.
func shouldRetry(ctx context.Context, failed *pulumi.ErrorHookArgs, pause time.Duration) bool {
	passes, most := IsTransient, attempts
	if failed.FailedOperation == "delete" {
		passes, most = IsReleasedSoon, releaseAttempts
		if typesWithGroups.MatchString(string(failed.Type)) {
			most = attempts // what GKE tidies up after itself takes up to ten minutes
		}
		ctx = context.WithoutCancel(ctx) // deletions come when the program, and with it its context, has ended
	}
	if tried := len(failed.Errors); tried == 0 || tried >= most || !passes(string(failed.Type), failed.Errors[0]) {
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
