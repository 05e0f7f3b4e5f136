package workload

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metadata names an object and labels it. Every name is fixed: alerts, policies
// and playbooks refer to it.
func (b *builder) metadata(name pulumi.StringInput, annotations pulumi.StringMap, app string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name:        name.ToStringOutput().ToStringPtrOutput(),
		Namespace:   b.args.Namespace.ToStringOutput().ToStringPtrOutput(),
		Labels:      labels(app),
		Annotations: annotations,
	}
}

func labels(app string) pulumi.StringMap {
	return pulumi.StringMap{
		"app":                       pulumi.String(app),
		"app.kubernetes.io/part-of": pulumi.String("license-platform"),
	}
}

func selector(app string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"app": pulumi.String(app)}}
}
