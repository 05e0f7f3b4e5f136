package isolation

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type (
	peers   = networkingv1.NetworkPolicyPeerArray
	ports   = networkingv1.NetworkPolicyPortArray
	egress  = networkingv1.NetworkPolicyEgressRuleArray
	ingress = networkingv1.NetworkPolicyIngressRuleArray
)

// apiIngress lets in the load balancer's front ends and health checks, and managed
// Prometheus on the metrics port. The requests come from Google's ranges, because GKE has
// no ingress controller pods.
func (a *Args) apiIngress() ingress {
	fromEdge := peers{}
	for _, cidr := range a.FrontEndRanges {
		fromEdge = append(fromEdge, block(pulumi.String(cidr)))
	}
	return ingress{
		networkingv1.NetworkPolicyIngressRuleArgs{From: fromEdge, Ports: ports{tcp(pulumi.Int(a.HTTPPort))}},
		networkingv1.NetworkPolicyIngressRuleArgs{
			From:  peers{networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: namespace(a.Settings.ScrapedFrom())}},
			Ports: ports{tcp(pulumi.Int(a.MetricsPort))},
		},
	}
}

func (a *Args) apiEgress() egress {
	return append(a.commonEgress(),
		networkingv1.NetworkPolicyEgressRuleArgs{
			To:    peers{block(a.PrivateServicesRange)},
			Ports: ports{tcp(pulumi.Int(a.DatabasePort)), tcp(a.RedisPort)},
		})
}

func (a *Args) migrationEgress() egress {
	return append(a.commonEgress(),
		networkingv1.NetworkPolicyEgressRuleArgs{
			To:    peers{block(a.PrivateServicesRange)},
			Ports: ports{tcp(pulumi.Int(a.DatabasePort))},
		})
}

// commonEgress is what every pod of the platform needs: names, an identity and
// Google's APIs.
func (a *Args) commonEgress() egress {
	rules := egress{a.dns(), metadataServer(a.Settings.Dataplane)}
	for _, target := range a.GoogleAPIs {
		rules = append(rules, networkingv1.NetworkPolicyEgressRuleArgs{
			To: peers{block(pulumi.String(target.CIDR))}, Ports: ports{tcp(pulumi.Int(target.Port))},
		})
	}
	return rules
}

// dns reaches kube-dns; NodeLocal DNSCache, which answers from its pods or from
// 169.254.20.10; and Cloud DNS for GKE, which answers from 169.254.169.254
// (https://cloud.google.com/kubernetes-engine/docs/how-to/cloud-dns).
//
// NodeLocal DNSCache answers on the node for the address of the Service kube-dns,
// so that nothing translates that address before Calico evaluates it
// (https://cloud.google.com/kubernetes-engine/docs/how-to/nodelocal-dns-cache#network_policy_with_nodelocal_dnscache).
// Dataplane V2 evaluates the pod that answers.
func (a *Args) dns() networkingv1.NetworkPolicyEgressRuleArgs {
	to := peers{
		networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: namespace("kube-system"),
			PodSelector: metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{
				metav1.LabelSelectorRequirementArgs{
					Key: pulumi.String("k8s-app"), Operator: pulumi.String("In"),
					Values: pulumi.ToStringArray([]string{"kube-dns", "node-local-dns"}),
				},
			}},
		},
		block(pulumi.String("169.254.20.10/32")),
		block(pulumi.String("169.254.169.254/32")),
	}
	if a.Settings.Dataplane == Calico {
		to = append(to, block(pulumi.Sprintf("%s/32", a.DNSAddress)))
	}
	return networkingv1.NetworkPolicyEgressRuleArgs{To: to, Ports: ports{port("UDP", pulumi.Int(53)), tcp(pulumi.Int(53))}}
}

// metadataServer reaches GKE's metadata server, from which Workload Identity
// gets its tokens; its address depends on who enforces the policy
// (https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity).
func metadataServer(dataplane string) networkingv1.NetworkPolicyEgressRuleArgs {
	if dataplane == Calico {
		return networkingv1.NetworkPolicyEgressRuleArgs{
			To:    peers{block(pulumi.String("169.254.169.252/32"))},
			Ports: ports{tcp(pulumi.Int(987)), tcp(pulumi.Int(988))},
		}
	}
	return networkingv1.NetworkPolicyEgressRuleArgs{
		To:    peers{block(pulumi.String("169.254.169.254/32"))},
		Ports: ports{tcp(pulumi.Int(80)), tcp(pulumi.Int(8080))},
	}
}

func namespace(name string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(name)}}
}

func block(cidr pulumi.StringInput) networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: cidr}}
}

func tcp(number pulumi.IntInput) networkingv1.NetworkPolicyPortArgs { return port("TCP", number) }

func port(protocol string, number pulumi.IntInput) networkingv1.NetworkPolicyPortArgs {
	return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: number.ToIntOutput()}
}
