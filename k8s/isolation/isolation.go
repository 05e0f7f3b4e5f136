// Package isolation is layer 4's network side: NetworkPolicies that let the
// license platform's pods talk to what they need and to nothing else.
package isolation

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Target is a fixed address range and TCP port that the pods may reach.
type Target struct {
	// CIDR is an IPv4 network.
	CIDR string
	// Port is a TCP port.
	Port int
}

// Args is what the Policies are made from. Ranges and ports are those of the
// resources themselves, so that no policy is wider than what was deployed.
type Args struct {
	// Settings must be valid.
	Settings Settings
	// Namespace holds the pods; OwnNamespace is true when the stack made it.
	Namespace    pulumi.StringInput
	OwnNamespace bool
	// API and Migration are the values of the "app" label of the platform's pods.
	API, Migration string
	// HTTPPort takes the load balancer's requests, MetricsPort the scrapes.
	HTTPPort, MetricsPort int
	// FrontEndRanges are where Google's front ends and health checks come from.
	FrontEndRanges []string
	// PrivateServicesRange holds the database and Redis.
	PrivateServicesRange pulumi.StringInput
	// DatabasePort is what the pods dial: 3307 through the Cloud SQL connector, 5432
	// without.
	DatabasePort int
	// RedisPort is the instance's own, 6378 with TLS.
	RedisPort pulumi.IntInput
	// DNSAddress is the address of the Service kube-dns; needed with Calico only.
	DNSAddress pulumi.StringInput
	// GoogleAPIs are the only places outside of the VPC that pods may reach.
	GoogleAPIs []Target
}

// Policies are the declared NetworkPolicies.
type Policies struct {
	pulumi.ResourceState

	// Resources are the policies; pods come after them.
	Resources []pulumi.Resource
}

// New declares the policies.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Policies, error) {
	p := &Policies{}
	if err := ctx.RegisterComponentResource("licensing:k8s:NetworkPolicies", name, p, opts...); err != nil {
		return nil, fmt.Errorf("register network policies %q: %w", name, err)
	}
	for _, policy := range args.policies() {
		declared, err := networkingv1.NewNetworkPolicy(ctx, policy.name, &networkingv1.NetworkPolicyArgs{
			Metadata: metav1.ObjectMetaArgs{
				Name: pulumi.String(policy.name), Namespace: args.Namespace.ToStringOutput().ToStringPtrOutput(),
				Labels: pulumi.StringMap{"app.kubernetes.io/part-of": pulumi.String("license-platform")},
			},
			Spec: policy.spec,
		}, pulumi.Parent(p))
		if err != nil {
			return nil, fmt.Errorf("declare network policy %q: %w", policy.name, err)
		}
		p.Resources = append(p.Resources, declared)
	}
	if err := ctx.RegisterResourceOutputs(p, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register the outputs of network policies %q: %w", name, err)
	}
	return p, nil
}

type policy struct {
	name string
	spec networkingv1.NetworkPolicySpecArgs
}

// policies lists them: first the denial, then what each kind of pod may do.
func (a *Args) policies() []policy {
	all := []policy{
		{"license-default-deny", networkingv1.NetworkPolicySpecArgs{PodSelector: a.denied(), PolicyTypes: bothWays()}},
		{a.API, networkingv1.NetworkPolicySpecArgs{
			PodSelector: app(a.API), PolicyTypes: bothWays(), Ingress: a.apiIngress(), Egress: a.apiEgress(),
		}},
		{a.Migration, networkingv1.NetworkPolicySpecArgs{
			PodSelector: app(a.Migration), PolicyTypes: bothWays(), Egress: a.migrationEgress(),
		}},
	}
	for _, w := range a.Settings.StayingWorkloads {
		all = append(all, policy{"license-stays-" + w.Name, networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(w.PodLabels)},
			PolicyTypes: bothWays(),
			Ingress:     networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{}},
			Egress:      networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{}},
		}})
	}
	return all
}

// denied selects whom nothing is allowed by default.
func (a *Args) denied() metav1.LabelSelectorArgs {
	if a.OwnNamespace || a.Settings.DenyNamespace {
		return metav1.LabelSelectorArgs{}
	}
	return metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{
		metav1.LabelSelectorRequirementArgs{
			Key: pulumi.String("app"), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{a.API, a.Migration}),
		},
	}}
}

func app(name string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"app": pulumi.String(name)}}
}

func bothWays() pulumi.StringArray {
	return pulumi.ToStringArray([]string{"Ingress", "Egress"})
}
