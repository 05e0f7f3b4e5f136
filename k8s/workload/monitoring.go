package workload

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareMonitoring lets managed Prometheus scrape the API's metrics port
// (https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed).
func (b *builder) declareMonitoring(*Workload) error {
	scraping, err := apiextensions.NewCustomResource(b.ctx, APIName+"-monitoring", &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("monitoring.googleapis.com/v1"),
		Kind:       pulumi.String("PodMonitoring"),
		Metadata:   b.metadata(pulumi.String(APIName), nil, APIName),
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{
			"selector":  pulumi.Map{"matchLabels": pulumi.StringMap{"app": pulumi.String(APIName)}},
			"endpoints": pulumi.Array{pulumi.Map{"port": pulumi.String("metrics"), "interval": pulumi.String("30s")}},
		}},
	}, b.options()...)
	b.scraping = scraping
	return err
}
