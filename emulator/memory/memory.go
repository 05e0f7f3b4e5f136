// Package memory runs both providers in memory: resources are checked, computed and
// stored as in the embedded cloud, but no process starts and no port opens. Plans and
// tests run against it.
package memory

import (
	"net/netip"
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/k8s/customresource"
)

// version is the version of both providers. Nothing depends on it.
const version = "0.0.0"

// Cloud is a Google Cloud project and a cluster, in memory.
type Cloud struct {
	Store *store.Store
	// Google and Cluster are what the providers look at. Their hooks may be changed
	// before Providers is called.
	Google  *gcp.Cloud
	Cluster *kubernetes.Cluster
}

// Authorities are certificates of certificate authorities, as PEM.
type Authorities struct {
	// SQL signs the certificates of Cloud SQL instances, Other signs all other
	// certificates.
	SQL, Other string
}

// New returns a cloud in which nothing exists yet.
func New(at gcp.Addresses, authorities Authorities) (*Cloud, error) {
	schemas, err := customresource.NewSchemas()
	if err != nil {
		return nil, err
	}
	s, nothing := store.New(), idle{authorities.SQL}
	return &Cloud{
		Store: s,
		Google: &gcp.Cloud{
			Store: s, Addresses: at, CA: authorities.Other,
			TenantID:  func(_, name string) string { return name + "-x1y2z" },
			Databases: nothing, Caches: nothing, Keys: keys{}, Secrets: secrets{}, Images: nothing, Tenants: nothing,
		},
		Cluster: &kubernetes.Cluster{Store: s, Kubelet: nothing, Schemas: schemas, Edge: at.Edge},
	}, nil
}

// Providers are both, by the first part of a type's token.
func (c *Cloud) Providers() map[string]*provider.Server {
	return map[string]*provider.Server{
		"gcp":        provider.NewServer("gcp", version, c.Store, c.Google.Kinds(), c.Google.Functions()),
		"kubernetes": provider.NewServer("kubernetes", version, c.Store, c.Cluster.Kinds(), nil),
	}
}

// Kinds are the types that both providers know, by token.
func Kinds() map[string]provider.Kind {
	kinds := map[string]provider.Kind{}
	for _, kind := range slices.Concat((&gcp.Cloud{}).Kinds(), (&kubernetes.Cluster{}).Kinds()) {
		kinds[kind.Type] = kind
	}
	return kinds
}

// Loopback are addresses for tests of the providers.
func Loopback() gcp.Addresses {
	return gcp.Addresses{
		Edge: netip.MustParseAddr("127.0.0.1"), ControlPlane: netip.MustParseAddr("127.77.8.9"),
		PrivateServices: netip.MustParsePrefix("127.77.16.0/20"), TheirPrivateServices: netip.MustParsePrefix("127.77.32.0/20"),
		Pods: netip.MustParsePrefix("127.77.64.0/18"),
	}
}
