package command

import (
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/local/daemon"
)

// layer is one of the seven, and what stands for it here.
type layer struct {
	name string
	// here says what stands for it; address is a key of the daemon's addresses.
	here, address string
	// types are prefixes of the type tokens that belong to it.
	types []string
}

// layers are tried in this order: a type belongs to the first that has it.
func layers() []layer {
	return []layer{
		{"1 Cloud Armor", "rules in CEL, CRS 4.22, rate limits, in the front door", "edge", []string{"gcp:compute/securityPolicy"}},
		{"2 network, TLS", "loopback addresses, the front door's TLS", "edge", []string{
			"gcp:compute/", "gcp:dns/", "gcp:servicenetworking/",
		}},
		{"3 ingress", "the front door: hosts, paths, certificates", "edge", []string{
			"kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:networking.gke.io/", "kubernetes:cloud.google.com/", "kubernetes:core/v1:Service",
		}},
		{"4 workload", "processes from the image's binary, an address each", "pods", []string{
			"kubernetes:monitoring.googleapis.com/", "kubernetes:", "gcp:container/", "gcp:artifactregistry/",
		}},
		{"5 identity", "token issuer and its public keys", "identity", []string{
			"gcp:serviceaccount/", "gcp:identityplatform/", "gcp:projects/iAMMember", "gcp:projects/service", "gcp:projects/iAMCustomRole",
		}},
		{"6 data", "PostgreSQL, Redis, KMS and Secret Manager over gRPC", "data", []string{
			"gcp:kms/", "gcp:sql/", "gcp:redis/", "gcp:secretmanager/",
		}},
		{"7 observability", "declared and checked; logs in files", "logs", []string{"gcp:logging/", "gcp:monitoring/", "gcp:projects/iAMAuditConfig"}},
	}
}

// accounts for what a prefix would put into the wrong layer.
func layerOf(typ string) int {
	if typ == "kubernetes:core/v1:ServiceAccount" {
		return 3 // the workload's
	}
	for i, l := range layers() {
		for _, prefix := range l.types {
			if strings.HasPrefix(typ, prefix) {
				return i
			}
		}
	}
	return len(layers()) - 1
}

func (a *app) printLayers(status daemon.Status) {
	counts := make([]int, len(layers()))
	for typ, n := range status.Resources {
		counts[layerOf(typ)] += n
	}
	rows := [][]string{{"LAYER", "RESOURCES", "HERE", "ADDRESS"}}
	for i, l := range layers() {
		rows = append(rows, []string{l.name, fmt.Sprint(counts[i]), l.here, addressOf(l.address, status)})
	}
	a.out.table(rows)
	existing := 0
	for _, n := range status.Existing {
		existing += n
	}
	a.out.line("beside %d things of the Cloud IDE, which were there before and stay as they are", existing)
}

func addressOf(key string, status daemon.Status) string {
	at := status.Addresses
	switch key {
	case "pods":
		var ips []string
		for _, p := range status.Pods {
			if strings.HasPrefix(p.Owner, "Deployment/") {
				ips = append(ips, p.IP)
			}
		}
		return strings.Join(ips, ", ")
	case "data":
		var all []string
		for _, name := range []string{"sql", "redis", "kms", "secretManager"} {
			if at[name] != "" {
				all = append(all, at[name])
			}
		}
		return strings.Join(all, ", ")
	case "logs":
		return ".local/logs"
	default:
		return at[key]
	}
}
