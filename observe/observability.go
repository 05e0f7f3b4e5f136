package observe

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/observe/objective"
)

// Args is what Observability needs from the stack.
type Args struct {
	// Settings are the layer's settings; they must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Region is where logs are kept.
	Region string
	// SharedProject says that the project has other users, whose exemptions from the
	// audit log are kept.
	SharedProject bool
	// LogsKeyID is the key that encrypts the log bucket.
	LogsKeyID pulumi.StringInput
	// Namespace is the Kubernetes namespace of the workloads.
	Namespace string
	// Host is the license API's host name; it separates its requests from requests to
	// other hosts of the same load balancer.
	Host string
	// SQLInstanceName is the name of the database instance, whose logs are kept.
	SQLInstanceName pulumi.StringInput
	// SecurityPolicy is the name of the Cloud Armor policy, and Redis that of the
	// Memorystore instance, whose metrics are watched.
	SecurityPolicy, Redis string
	// KeyRing is the name of the key ring with the platform's keys, in a project that may
	// have others.
	KeyRing string
	// Secrets are the names of the platform's secrets.
	Secrets []string
	// Backend is what serves the license host behind the load balancer.
	Backend objective.Backend
	// Container is the name of the API's container in its pods.
	Container string
	// Edge is the load balancer as it is declared: what is measured at it comes
	// after it.
	Edge []pulumi.Resource
	// AdmitsCountry says whether Cloud Armor admits clients of a country, an ISO 3166-1
	// alpha 2 code.
	AdmitsCountry func(country string) bool
	// PagerDutyKey is the integration key of a PagerDuty service: a secret.
	// Without it nobody is paged.
	PagerDutyKey pulumi.StringInput
	// Services are the enabled APIs: nothing is asked for before them.
	Services []pulumi.Resource
	// Asking is the provider that looks up what exists, before any API is enabled.
	Asking pulumi.ProviderResource
	// Workload are the running API and its PodMonitoring. Cloud Monitoring
	// refuses an alert or an objective over a metric that was never written, so these
	// come after whatever writes the metrics.
	Workload []pulumi.Resource
}

// Observability is where the platform's logs go and what raises an alarm.
type Observability struct {
	pulumi.ResourceState

	// Bucket is the full name of the log bucket:
	// projects/…/locations/…/buckets/….
	Bucket pulumi.StringOutput
	// Channels are the names of the notification channels.
	Channels pulumi.StringArrayOutput
	// Policies are the names of the alert policies, by the alert's name.
	Policies pulumi.StringMapOutput
	// Dashboard is the id of the dashboard, without its project.
	Dashboard pulumi.StringOutput

	policies   pulumi.StringMap
	playbooks  map[string]string
	objectives []declaredObjective
	check      pulumi.StringOutput
}

// New declares the log bucket with its sink, the audit configuration, the
// notification channels, the alerts, the objectives, the uptime check and
// the dashboard.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Observability, error) {
	observability := &Observability{policies: pulumi.StringMap{}, playbooks: map[string]string{}}
	if err := ctx.RegisterComponentResource("licensing:observe:Observability", name, observability, opts...); err != nil {
		return nil, fmt.Errorf("registering observability %q: %w", name, err)
	}
	for _, declare := range []func(*pulumi.Context, string, *Args) error{
		observability.logs,
		observability.audit,
		observability.channels,
		observability.alerts,
		observability.declareObjectives,
		observability.uptime,
		observability.dashboard,
	} {
		if err := declare(ctx, name, args); err != nil {
			return nil, err
		}
	}
	// An output reads its map later, so that the map must be whole.
	observability.Policies = observability.policies.ToStringMapOutput()
	return observability, ctx.RegisterResourceOutputs(observability, pulumi.Map{
		"bucket":    observability.Bucket,
		"channels":  observability.Channels,
		"policies":  observability.Policies,
		"dashboard": observability.Dashboard,
	})
}
