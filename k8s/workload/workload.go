// Package workload is layer 4: the license API's pods, what keeps them running,
// and the Service through which the load balancer finds them.
package workload

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the workload's objects; the first is the value of the pods' "app"
// label, too.
const (
	APIName       = "license-api"
	MigrationName = "license-migrate"
	StaffName     = "license-api-staff"
)

// Ports of the API's container, and of its Service.
const (
	HTTPPort    = 8000
	MetricsPort = 9090
	ServicePort = 80
)

// Args is what a Workload is made from.
type Args struct {
	// Settings must be valid.
	Settings Settings
	// Namespace holds the objects.
	Namespace pulumi.StringInput
	// Image is the API's image by digest.
	Image pulumi.StringInput
	// APIEmail and MigrationEmail are the Google service accounts that the pods
	// act as through Workload Identity.
	APIEmail, MigrationEmail pulumi.StringInput
	// Environment of the API's and of the migration's container, in addition to the
	// variables that the workload sets itself.
	Environment, MigrationEnvironment []Variable
	// GoogleAddresses are where the pods find Google's APIs by host aliases, for
	// exactly the names in GoogleNames (API) and MigrationGoogleNames. Without
	// addresses DNS leads there.
	GoogleAddresses                   []string
	GoogleNames, MigrationGoogleNames []string
	// SecurityPolicyName is the Cloud Armor policy; it comes after all its rules.
	SecurityPolicyName pulumi.StringInput
	// StaffSecretName names the existing Secret with the OAuth client of
	// Identity-Aware Proxy. Empty: there is no staff Service.
	StaffSecretName string
	// Before are what the pods come after: NetworkPolicies, grants, stores.
	Before []pulumi.Resource
}

// Workload is the declared API.
type Workload struct {
	pulumi.ResourceState

	// ServiceName is the Service of the license host, StaffServiceName of the
	// staff host, empty without one. Both come after their BackendConfig.
	ServiceName, StaffServiceName pulumi.StringOutput
	// Ready are the Services and the pods; the Ingress comes after.
	Ready []pulumi.Resource
	// Running is known once the new pods are available.
	Running pulumi.StringOutput
	// Measured are the pods and what scrapes them; alerts come after.
	Measured []pulumi.Resource
}

// New declares the API's objects: identity, migration, pods, budget, scaling,
// Service and scraping.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Workload, error) {
	w := &Workload{}
	if err := ctx.RegisterComponentResource("licensing:k8s:Workload", name, w, opts...); err != nil {
		return nil, fmt.Errorf("register workload %q: %w", name, err)
	}
	b := builder{ctx: ctx, args: args, parent: w}
	for _, declare := range []func(*Workload) error{
		b.declareAccounts, b.declareMigration, b.declareServices, b.declareMonitoring, b.declareDeployment, b.declareDisruption, b.declareScaling,
	} {
		if err := declare(w); err != nil {
			return nil, fmt.Errorf("declare workload %q: %w", name, err)
		}
	}
	if err := ctx.RegisterResourceOutputs(w, pulumi.Map{"serviceName": w.ServiceName}); err != nil {
		return nil, fmt.Errorf("register the outputs of workload %q: %w", name, err)
	}
	return w, nil
}

// builder carries what the parts need while one Workload is declared.
type builder struct {
	ctx    *pulumi.Context
	args   *Args
	parent pulumi.Resource

	accounts  map[string]*corev1.ServiceAccount
	migration pulumi.Resource
	scraping  pulumi.Resource
}

func (b *builder) options(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.DependsOn(after)}
}
