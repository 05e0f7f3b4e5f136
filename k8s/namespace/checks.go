package namespace

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/coditect-ai/license-platform/setting"
)

// CheckNamespace is the name of the check of a shared namespace.
const CheckNamespace = "namespace"

// lookUpTimeout is how long reading the namespace may take.
const lookUpTimeout = 2 * time.Minute

// foundName is the name of what is read. When it does not exist, the engine says only
// this name, so it names the setting.
const foundName = "kubernetes.namespace.name"

// Checks reads the namespace that is shared with others, in a preview only: the engine
// would keep in its state what an update reads. A namespace that is created has nothing
// to compare with.
func Checks(ctx *pulumi.Context, s Settings, opts ...pulumi.ResourceOption) setting.Checks {
	if s.Create || !ctx.DryRun() {
		return nil
	}
	return setting.Checks{{Name: CheckNamespace, Look: func() (setting.Problems, error) {
		metadata, status, err := lookUp(ctx, s.Name, opts...)
		if err != nil {
			return nil, fmt.Errorf("kubernetes.namespace.name = %q: read the namespace: %w", s.Name, err)
		}
		return compare(s.Name, metadata, status), nil
	}}}
}

func lookUp(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (m metav1.ObjectMeta, s corev1.NamespaceStatus, err error) {
	found, err := corev1.GetNamespace(ctx, foundName, pulumi.ID(name), nil, opts...)
	if err != nil {
		return m, s, err
	}
	wait, cancel := context.WithTimeout(ctx.Context(), lookUpTimeout)
	defer cancel()
	answer, err := internals.UnsafeAwaitOutput(wait, found.Metadata)
	if err != nil {
		return m, s, err
	}
	m, ok := answer.Value.(metav1.ObjectMeta)
	if !answer.Known || !ok {
		return m, s, errors.New("it is not known in this preview")
	}
	// The status is not known in a preview where the API server gives none.
	if answer, err = internals.UnsafeAwaitOutput(wait, found.Status); err != nil {
		return m, s, err
	}
	if status, _ := answer.Value.(*corev1.NamespaceStatus); answer.Known && status != nil {
		s = *status
	}
	return m, s, nil
}

// compare reports a namespace in which the platform's pods could not work.
func compare(name string, m metav1.ObjectMeta, s corev1.NamespaceStatus) (ps setting.Problems) {
	const key = "kubernetes.namespace.name"
	if m.DeletionTimestamp != nil && *m.DeletionTimestamp != "" || s.Phase != nil && *s.Phase == "Terminating" {
		ps.Add(key, name, "the namespace is being deleted, and accepts no new objects", "a namespace that stays; `kubectl get namespace "+name+" -o yaml` shows what holds it")
	}
	if mark := injects(m); mark != "" {
		ps.Add(key, name, "every new pod in it gets a sidecar ("+mark+"), which the NetworkPolicies would block, and with which the migration's Job would never end",
			"a namespace without it")
	}
	return ps
}

// injects names the label or annotation by which a service mesh's webhook puts a sidecar
// into every pod of the namespace: Istio and Cloud Service Mesh
// (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/), and Linkerd
// (https://linkerd.io/2/features/proxy-injection/).
func injects(m metav1.ObjectMeta) string {
	switch {
	case m.Labels["istio-injection"] == "enabled":
		return "label istio-injection=enabled"
	case m.Labels["istio.io/rev"] != "" && m.Labels["istio-injection"] != "disabled":
		return "label istio.io/rev=" + m.Labels["istio.io/rev"]
	case m.Annotations["linkerd.io/inject"] == "enabled" || m.Annotations["linkerd.io/inject"] == "ingress":
		return "annotation linkerd.io/inject=" + m.Annotations["linkerd.io/inject"]
	default:
		return ""
	}
}
