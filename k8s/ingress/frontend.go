package ingress

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareCertificate declares a certificate for the platform's own hosts, beside
// those that exist: changing an existing one is an outage of up to an hour
// (https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs).
func declareCertificate(ctx *pulumi.Context, args *Args, parent pulumi.Resource) (pulumi.Resource, error) {
	return apiextensions.NewCustomResource(ctx, CertificateName+"-certificate", &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("networking.gke.io/v1"),
		Kind:        pulumi.String("ManagedCertificate"),
		Metadata:    metadata(args, CertificateName),
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{"domains": pulumi.ToStringArray(args.hosts())}},
	}, pulumi.Parent(parent))
}

// declareFrontend attaches the TLS policy, and the redirect if port 80 is open:
// with port 80 closed a redirect would be dead configuration
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#frontendconfig).
// Of an Ingress that is given back the policy is detached by an empty name: when
// the FrontendConfig or its name is merely gone, ingress-gce leaves the policy
// attached (kubernetes/ingress-gce, pkg/translator/translator.go, sslPolicyLink),
// and Google refuses to delete it.
func declareFrontend(ctx *pulumi.Context, args *Args, parent pulumi.Resource) (pulumi.Resource, error) {
	spec := pulumi.Map{"sslPolicy": args.SSLPolicyName}
	if args.Settings.GiveBack {
		spec["sslPolicy"] = pulumi.String("")
	}
	if args.Settings.RedirectHTTP {
		spec["redirectToHttps"] = pulumi.Map{
			"enabled": pulumi.Bool(true), "responseCodeName": pulumi.String("PERMANENT_REDIRECT"),
		}
	}
	return apiextensions.NewCustomResource(ctx, FrontendConfigName+"-frontend", &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("networking.gke.io/v1beta1"),
		Kind:        pulumi.String("FrontendConfig"),
		Metadata:    metadata(args, FrontendConfigName),
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, pulumi.Parent(parent))
}

func metadata(args *Args, name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name:      pulumi.String(name),
		Namespace: args.Namespace.ToStringOutput().ToStringPtrOutput(),
		Labels:    pulumi.StringMap{"app.kubernetes.io/part-of": pulumi.String("license-platform")},
	}
}
