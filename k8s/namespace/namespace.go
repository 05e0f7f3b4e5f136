// Package namespace declares the Kubernetes namespace of the license platform,
// or uses the one that it shares with others.
package namespace

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says which namespace holds the platform's objects.
type Settings struct {
	// Name of the namespace, a DNS label.
	Name string `json:"name"`
	// Create declares it, with Pod Security "restricted" enforced. Without it the
	// namespace exists, is shared, and is not touched.
	Create bool `json:"create"`
}

// Validate lists every mistake, with keys below "kubernetes.namespace".
func (s Settings) Validate() setting.Problems {
	var ps setting.Problems
	if !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(s.Name) {
		ps.Add("name", s.Name, "is not a valid namespace", "1 to 63 lower-case letters, digits and hyphens")
	}
	if s.Create && reserved(s.Name) {
		ps.Add("name", s.Name, "is a namespace of Kubernetes or of GKE itself, which exists in every cluster or is reserved", "a name of its own, such as license-platform")
	}
	return ps
}

// reserved tells whether a name belongs to Kubernetes or to GKE
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces,
// https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed).
func reserved(name string) bool {
	return name == "default" || slices.ContainsFunc([]string{"kube-", "gke-", "gmp-"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// New returns the namespace's name, which comes after the namespace itself.
// The namespace's owner decides what pods may do in it, so an existing one
// keeps its labels; our pods obey "restricted" either way.
func New(ctx *pulumi.Context, name string, s Settings, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	if !s.Create {
		return pulumi.String(s.Name).ToStringOutput(), nil
	}
	labels := pulumi.StringMap{"app.kubernetes.io/part-of": pulumi.String("license-platform")}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
		labels["pod-security.kubernetes.io/"+mode+"-version"] = pulumi.String("latest")
	}
	declared, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(s.Name), Labels: labels},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("declare namespace %q: %w", s.Name, err)
	}
	return declared.Metadata.Name().Elem(), nil
}
