// Package ingress is layer 3: one load balancer for all hosts, the license
// platform's and those that were there before, with its certificates and TLS
// policy.
package ingress

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the objects that belong to the platform alone.
const (
	CertificateName      = "license-platform"
	StaffCertificateName = "license-platform-staff"
	FrontendConfigName   = "license-platform"
)

// Args is what an Ingress is made from.
type Args struct {
	// Settings must be valid.
	Settings Settings
	// Namespace holds the Ingress and all its Services.
	Namespace pulumi.StringInput
	// Domain is the platform's, for example "coditect.ai"; LicenseHost lies below.
	Domain, LicenseHost string
	// LicenseService and StaffService are the API's Services, ServicePort their
	// port.
	LicenseService, StaffService pulumi.StringInput
	ServicePort                  int
	// EdgeAddressName is the load balancer's static address, SSLPolicyName its TLS
	// policy, which holds for every host.
	EdgeAddressName, SSLPolicyName pulumi.StringInput
	// After are the Services with their pods.
	After []pulumi.Resource
}

// Ingress is the declared load balancer.
type Ingress struct {
	pulumi.ResourceState

	// Hosts that the platform itself answers, the license host first.
	Hosts []string
}

// New declares certificates, TLS policy and Ingress.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Ingress, error) {
	i := &Ingress{Hosts: args.hosts()}
	if err := ctx.RegisterComponentResource("licensing:k8s:Ingress", name, i, opts...); err != nil {
		return nil, fmt.Errorf("register ingress %q: %w", name, err)
	}
	certificates, err := declareCertificates(ctx, args, i)
	if err != nil {
		return nil, fmt.Errorf("declare the certificates of ingress %q: %w", name, err)
	}
	after := append(certificates, args.After...)
	if args.Settings.ExistingFrontendConfig == "" {
		frontend, err := declareFrontend(ctx, args, i)
		if err != nil {
			return nil, fmt.Errorf("declare the front end of ingress %q: %w", name, err)
		}
		after = append(after, frontend)
	}
	if err := declareIngress(ctx, name, args, i, after); err != nil {
		return nil, fmt.Errorf("declare ingress %q: %w", name, err)
	}
	if err := ctx.RegisterResourceOutputs(i, pulumi.Map{"hosts": pulumi.ToStringArray(i.Hosts)}); err != nil {
		return nil, fmt.Errorf("register the outputs of ingress %q: %w", name, err)
	}
	return i, nil
}

func declareIngress(ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource, after []pulumi.Resource) error {
	guard, err := args.refuseToLeave(ctx)
	if err != nil {
		return err
	}
	if args.Settings.Adopt {
		return patchIngress(ctx, name, args, parent, after, guard)
	}
	annotations := args.annotations()
	// GKE reads the class from here only
	// (https://cloud.google.com/kubernetes-engine/docs/how-to/load-balance-ingress).
	annotations[annotationClass] = pulumi.String(classGCE)
	annotations[annotationAddress] = args.EdgeAddressName
	// Two Ingresses cannot have one address, so that one of another name or namespace would wait in
	// vain for the old one (https://github.com/kubernetes-retired/contrib/pull/563).
	_, err = networkingv1.NewIngress(ctx, name, &networkingv1.IngressArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(args.Settings.Name),
			Namespace:   args.Namespace.ToStringOutput().ToStringPtrOutput(),
			Annotations: annotations,
		},
		Spec: networkingv1.IngressSpecArgs{Rules: newIngressRules(args.rules())},
	}, pulumi.Parent(parent), pulumi.DependsOn(after), pulumi.DeleteBeforeReplace(true))
	return err
}
