package workload

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareServices declares the license host's Service and, with a secret for
// Identity-Aware Proxy, the staff host's.
func (b *builder) declareServices(w *Workload) error {
	var err error
	if w.ServiceName, err = b.declareService(w, APIName, ""); err != nil {
		return err
	}
	if b.args.StaffSecretName == "" {
		w.StaffServiceName = pulumi.String("").ToStringOutput()
		return nil
	}
	w.StaffServiceName, err = b.declareService(w, StaffName, b.args.StaffSecretName)
	return err
}

// declareService declares a Service whose pods the load balancer reaches
// directly, and before it the BackendConfig that says how
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration).
// Both annotations are read from the Service only.
func (b *builder) declareService(w *Workload, name, iapSecret string) (pulumi.StringOutput, error) {
	config, err := apiextensions.NewCustomResource(b.ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("cloud.google.com/v1"),
		Kind:        pulumi.String("BackendConfig"),
		Metadata:    b.metadata(pulumi.String(name), nil, APIName),
		OtherFields: kubernetes.UntypedArgs{"spec": b.backend(iapSecret)},
	}, b.options()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	service, err := corev1.NewService(b.ctx, name, &corev1.ServiceArgs{
		Metadata: b.metadata(pulumi.String(name), pulumi.StringMap{
			"cloud.google.com/neg":            pulumi.String(`{"ingress": true}`),
			"cloud.google.com/backend-config": pulumi.String(`{"default": "` + name + `"}`),
			// Pulumi would wait ten minutes for pods, which come after the migration
			// and so after the database: they are waited for themselves.
			"pulumi.com/skipAwait": pulumi.String("true"),
		}, APIName),
		Spec: corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.StringMap{"app": pulumi.String(APIName)},
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String("http"), Port: pulumi.Int(ServicePort), TargetPort: pulumi.Any(HTTPPort), Protocol: pulumi.String("TCP"),
			}},
		},
	}, b.options(config)...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	w.Ready = append(w.Ready, service)
	return service.Metadata.Name().Elem(), nil
}

// backend is the BackendConfig's spec. A missing policy would stall every
// update of the shared Ingress, so its name comes after the policy itself.
func (b *builder) backend(iapSecret string) pulumi.Map {
	spec := pulumi.Map{
		"securityPolicy": pulumi.Map{"name": b.args.SecurityPolicyName},
		"healthCheck": pulumi.Map{
			"type": pulumi.String("HTTP"), "port": pulumi.Int(HTTPPort), "requestPath": pulumi.String("/health"),
			"checkIntervalSec": pulumi.Int(10), "timeoutSec": pulumi.Int(5),
			"healthyThreshold": pulumi.Int(2), "unhealthyThreshold": pulumi.Int(3),
		},
		"connectionDraining": pulumi.Map{"drainingTimeoutSec": pulumi.Int(60)},
		"timeoutSec":         pulumi.Int(30),
		"cdn":                pulumi.Map{"enabled": pulumi.Bool(false)},
		"sessionAffinity":    pulumi.Map{"affinityType": pulumi.String("NONE")},
		"logging":            pulumi.Map{"enable": pulumi.Bool(true), "sampleRate": pulumi.Float64(1)},
		"iap":                pulumi.Map{"enabled": pulumi.Bool(false)},
	}
	if iapSecret != "" {
		spec["iap"] = pulumi.Map{
			"enabled":                pulumi.Bool(true),
			"oauthclientCredentials": pulumi.Map{"secretName": pulumi.String(iapSecret)},
		}
	}
	return spec
}
