package ingress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/coditect-ai/license-platform/setting"
)

// CheckIngress is the name of the check of an adopted Ingress.
const CheckIngress = "ingress"

// lookUpTimeout is how long reading the live Ingress may take.
const lookUpTimeout = 2 * time.Minute

// CheckArgs is what the check compares with the live Ingress.
type CheckArgs struct {
	// Settings must be valid.
	Settings Settings
	// Namespace holds the Ingress.
	Namespace string
	// Domain is the platform's; LicenseHost lies below.
	Domain, LicenseHost string
	// EdgeAddressName is the load balancer's static address.
	EdgeAddressName string
	// Services are the platform's own.
	Services []string
}

// Checks reads the live Ingress that is adopted, with a provider for its cluster,
// and compares it with the settings: an update would remove the parts that the settings
// do not name. A created Ingress has nothing to compare with.
//
// It is read in a preview only, which "pulumi up" makes first: the engine would keep in
// its state what an update reads, and report every later change of the Ingress as drift.
func Checks(ctx *pulumi.Context, args CheckArgs, opts ...pulumi.ResourceOption) setting.Checks {
	if !args.Settings.Adopt || !ctx.DryRun() {
		return nil
	}
	return setting.Checks{{Name: CheckIngress, Look: func() (setting.Problems, error) {
		id := args.Namespace + "/" + args.Settings.Name
		found, err := lookUp(ctx, id, opts...)
		if err != nil {
			return nil, fmt.Errorf("kubernetes.ingress.name = %q in kubernetes.namespace.name = %q: read the Ingress: %w", args.Settings.Name, args.Namespace, err)
		}
		if missingParts := args.missingParts(found); missingParts != "" {
			if err := ctx.Log.Warn(fmt.Sprintf("Ingress %s has lost %s since the last update: another writer has applied the Ingress. `pulumi up --refresh` puts it back", id, missingParts), nil); err != nil {
				return nil, err
			}
		}
		return args.compare(found), nil
	}}}
}

// live is an Ingress as it is in the cluster.
type live struct {
	metadata metav1.ObjectMeta
	spec     networkingv1.IngressSpec
	status   networkingv1.IngressStatus
}

// foundName is the name of what is read. When there is no such Ingress, the engine says
// only this name and "resource NAMESPACE/NAME does not exist", so it names the settings.
const foundName = "kubernetes.ingress.name in kubernetes.namespace.name"

// lookUp reads the Ingress. It waits for the answer, because nothing may be
// declared before.
func lookUp(ctx *pulumi.Context, id string, opts ...pulumi.ResourceOption) (live, error) {
	found, err := networkingv1.GetIngress(ctx, foundName, pulumi.ID(id), nil, opts...)
	if err != nil {
		return live{}, err
	}
	wait, cancel := context.WithTimeout(ctx.Context(), lookUpTimeout)
	defer cancel()
	answer, err := internals.UnsafeAwaitOutput(wait, pulumi.All(found.Metadata, found.Spec))
	if err != nil {
		return live{}, err
	}
	parts, ok := answer.Value.([]any)
	if !answer.Known || !ok || len(parts) != 2 {
		return live{}, errors.New("it is not known in this preview")
	}
	metadata, described := parts[0].(metav1.ObjectMeta)
	spec, routed := parts[1].(networkingv1.IngressSpec)
	if !described || !routed {
		return live{}, fmt.Errorf("the answer has the wrong form: %T, %T", parts[0], parts[1])
	}
	l := live{metadata: metadata, spec: spec}
	// The status is not known in a preview where the API server gives none.
	if answer, err = internals.UnsafeAwaitOutput(wait, found.Status); err != nil {
		return live{}, err
	}
	if status, _ := answer.Value.(*networkingv1.IngressStatus); answer.Known && status != nil {
		l.status = *status
	}
	return l, nil
}

// owns tells whether the platform has declared the annotation before.
func (l live) owns(annotation string) bool {
	_, owned := l.owned("f:metadata", "f:annotations")["f:"+annotation]
	return owned
}

// ownsRules tells whether the platform has declared the rules before.
func (l live) ownsRules() bool {
	_, owned := l.owned("f:spec")["f:rules"]
	return owned
}

// declared tells whether the platform has declared something of this Ingress before:
// it owns a field, or one names what only the platform has.
func (l live) declared() bool {
	return len(l.owned()) > 0 || l.metadata.Annotations[annotationFrontendConfig] == FrontendConfigName ||
		slices.Contains(split(l.metadata.Annotations[annotationCertificates]), CertificateName)
}

// owned are the fields of FieldManager at a path, in the form of managedFields
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
func (l live) owned(path ...string) map[string]any {
	for _, entry := range l.metadata.ManagedFields {
		if entry.Manager == nil || *entry.Manager != FieldManager {
			continue
		}
		fields, _ := entry.FieldsV1.(map[string]any)
		for _, key := range path {
			fields, _ = fields[key].(map[string]any)
		}
		return fields
	}
	return nil
}
