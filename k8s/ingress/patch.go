package ingress

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FieldManager owns in an adopted Ingress what is declared here. Its owner sees
// this name in a conflict.
const FieldManager = "license-platform"

// patchIngress declares the smallest possible part of an adopted Ingress: the
// list of rules, which has one owner as a whole ("+listType=atomic" in
// k8s.io/api/networking/v1), and the annotations that the license host needs.
// Labels, TLS, the default backend and all other annotations stay their owner's.
//
// It is a patch and not an Ingress, because before it updates an Ingress the provider
// takes over every field that kubectl set and then removes those that the program does
// not declare; it does not do so for a patch (pulumi-kubernetes v4.33,
// provider/pkg/await/await.go, fixCSAFieldManagers). A destroy leaves it: without the
// patch the rules would have no owner and vanish (provider/pkg/ssa/actions.go,
// Relinquish). Settings.GiveBack comes before a destroy, which is refused without it.
func patchIngress(ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource, after []pulumi.Resource, guard []pulumi.ResourceOption) error {
	annotations := args.annotations()
	annotations["pulumi.com/patchForce"] = pulumi.String("true") // the rules belonged to another manager until now
	annotations["pulumi.com/patchFieldManager"] = pulumi.String(FieldManager)
	_, err := networkingv1.NewIngressPatch(ctx, name, &networkingv1.IngressPatchArgs{
		Metadata: metav1.ObjectMetaPatchArgs{
			Name:        pulumi.String(args.Settings.Name),
			Namespace:   args.Namespace.ToStringOutput().ToStringPtrOutput(),
			Annotations: annotations,
		},
		Spec: networkingv1.IngressSpecPatchArgs{Rules: patchRules(args.rules())},
	}, append(guard, pulumi.Parent(parent), pulumi.DependsOn(after), pulumi.RetainOnDelete(true))...)
	return err
}
