package ingress

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareCertificates declares a certificate for each of the platform's own hosts, beside
// those that exist. For other domains GKE takes a certificate from the load balancer, deletes
// it and makes it anew (GoogleCloudPlatform/gke-managed-certs, pkg/controller/sync/sync.go,
// createSslCertificate), and the new one is there only when the DNS of all its domains leads
// here (https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs). So with one
// certificate for both hosts, a staff host that is added later would take TLS from the
// license host.
func declareCertificates(ctx *pulumi.Context, args *Args, parent pulumi.Resource) (all []pulumi.Resource, err error) {
	hosts := args.hosts()
	for i, name := range args.Settings.ownCertificates() {
		certificate, err := apiextensions.NewCustomResource(ctx, name+"-certificate", &apiextensions.CustomResourceArgs{
			ApiVersion:  pulumi.String("networking.gke.io/v1"),
			Kind:        pulumi.String("ManagedCertificate"),
			Metadata:    metadata(args, name),
			OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{"domains": pulumi.ToStringArray(hosts[i : i+1])}},
		}, pulumi.Parent(parent))
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
	}
	return all, nil
}

// declareFrontend attaches the TLS policy, and the redirect if port 80 is open: with port 80
// closed a redirect would be dead configuration
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#frontendconfig).
// When an Ingress is given back, an empty name detaches the policy: when the FrontendConfig or
// its name is merely gone, ingress-gce leaves the policy attached (kubernetes/ingress-gce,
// pkg/translator/translator.go, sslPolicyLink), and Google refuses to delete it.
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
