package plan

import (
	_ "embed"
	"net/netip"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// The API reads these as certificates before it starts, so they are some; their
// keys were thrown away.
var (
	//go:embed sql-ca.pem
	sqlCA string
	//go:embed redis-ca.pem
	redisCA string
)

// Addresses that a plan shows.
const (
	// Edge is the load balancer's, which the IDE has reserved.
	Edge = "34.8.51.57"
	// ControlPlane is a cluster's.
	ControlPlane = "192.0.2.10"
)

// NewCloud is the cloud before the first update of a stack: the Cloud IDE is in its
// project, and nothing is in any other.
func NewCloud(stack string) (*memory.Cloud, error) {
	at := gcp.Addresses{
		Edge: netip.MustParseAddr(Edge), ControlPlane: netip.MustParseAddr(ControlPlane), Pods: netip.MustParsePrefix("10.20.0.0/16"),
		PrivateServices: netip.MustParsePrefix("10.60.0.0/20"), TheirPrivateServices: netip.MustParsePrefix("10.50.0.0/20"),
	}
	made, err := memory.New(at, memory.Authorities{SQL: strings.TrimSpace(sqlCA), Other: strings.TrimSpace(redisCA)})
	if err != nil {
		return nil, err
	}
	made.Google.NewPassword = func() string { return RedisAuth }
	if err := cloudide.Declare(made.Store, at, strings.TrimSpace(redisCA)); err != nil {
		return nil, err
	}
	if stack == "local" {
		return made, nil
	}
	return made, withoutDocs(made.Store)
}

// withoutDocs takes the host of documents from the IDE's Ingress: only the embedded
// cloud's has it.
func withoutDocs(s *store.Store) error {
	ingress, _ := s.Get(kubernetes.TypeIngress, cloudide.Namespace+"/"+cloudide.Ingress)
	spec, _ := ingress.Outputs["spec"].(map[string]any)
	rules, _ := spec["rules"].([]any)
	spec["rules"] = slices.DeleteFunc(slices.Clone(rules), func(rule any) bool {
		declared, _ := rule.(map[string]any)
		return declared["host"] == "docs.coditect.ai"
	})
	return s.Put(ingress)
}

// NodePool is a pool as a cluster's look-up has it: its nodes' service account, and
// what their metadata server gives to pods.
func NodePool(account, metadata string) map[string]any {
	return map[string]any{"name": "default-pool", "nodeConfigs": []any{map[string]any{
		"serviceAccount": account, "workloadMetadataConfigs": []any{map[string]any{"mode": metadata}},
	}}}
}
