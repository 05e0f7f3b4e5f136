// Package layer knows the seven layers of the platform: their names, what emulates each
// of them on this machine, and which resources belong to them.
package layer

import "strings"

// The numbers of the layers.
const (
	CloudArmor = iota + 1
	Network
	Ingress
	Workload
	Identity
	Data
	Observability
)

// Layer is one of the seven.
type Layer struct {
	// Number is 1 to 7.
	Number int
	// Name is short, for example "ingress".
	Name string
	// Here says what emulates it on this machine.
	Here string
	// Address is a key of the daemon's addresses, or "pods" or "data".
	Address string

	// types are prefixes of the type tokens that belong to it.
	types []string
}

// All are the seven, in order. A type belongs to the first that has it.
func All() []Layer {
	return []Layer{
		{CloudArmor, "Cloud Armor", "rules in CEL, CRS 4.22, rate limits, in the load balancer", "edge", []string{"gcp:compute/securityPolicy"}},
		{Network, "network, TLS", "loopback addresses, the load balancer's TLS", "edge", []string{
			"gcp:compute/", "gcp:dns/", "gcp:servicenetworking/",
		}},
		{Ingress, "ingress", "the load balancer: hosts, paths, certificates", "edge", []string{
			"kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:networking.gke.io/", "kubernetes:cloud.google.com/", "kubernetes:core/v1:Service",
		}},
		{Workload, "workload", "processes from the image, namespaces each", "pods", []string{
			"kubernetes:", "gcp:container/", "gcp:artifactregistry/",
		}},
		{Identity, "identity, application", "token issuer and its public keys", "identity", []string{
			"gcp:serviceaccount/", "gcp:identityplatform/", "gcp:projects/iAMMember", "gcp:projects/service", "gcp:projects/iAMCustomRole",
		}},
		{Data, "data", "PostgreSQL, Redis, KMS and Secret Manager over gRPC", "data", []string{
			"gcp:kms/", "gcp:sql/", "gcp:redis/", "gcp:secretmanager/",
		}},
		{Observability, "observability", "Prometheus, Alertmanager, an inbox; logs in files", "monitoring", []string{
			"gcp:logging/", "gcp:monitoring/", "gcp:projects/iAMAuditConfig",
		}},
	}
}

// Of is the number of the layer that a type of resource belongs to; what no layer
// names is counted to the last one.
func Of(typ string) int {
	if typ == "kubernetes:core/v1:ServiceAccount" {
		return Workload // the prefix of Service would put it into the ingress
	}
	for _, l := range All() {
		for _, prefix := range l.types {
			if strings.HasPrefix(typ, prefix) {
				return l.Number
			}
		}
	}
	return Observability
}

// Name is a layer's name by its number; empty for an unknown number.
func Name(number int) string {
	if number < CloudArmor || number > Observability {
		return ""
	}
	return All()[number-1].Name
}
