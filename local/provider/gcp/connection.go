package gcp

import (
	"context"
	"net/url"

	"github.com/coditect-ai/license-platform/local/provider"
	"github.com/coditect-ai/license-platform/local/store"
)

// TypeConnection is private services access: the peering by which Cloud SQL and
// Memorystore get private addresses.
const TypeConnection = "gcp:servicenetworking/connection:Connection"

func (w *World) connection() provider.Kind {
	return provider.Kind{
		Type:      TypeConnection,
		Required:  []string{"network", "reservedPeeringRanges", "service"},
		Immutable: []string{"network", "service"},
		Computed:  []string{"peering"},
		ID: func(d *provider.Draft) string {
			return url.PathEscape(relative(d.Inputs.Text("network"))) + ":" + d.Inputs.Text("service")
		},
		Check: func(d *provider.Draft) []provider.Failure { return oneOf(d, "deletionPolicy", "ABANDON") },
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["peering"] = "servicenetworking-googleapis-com"
			for _, name := range d.Inputs.Texts("reservedPeeringRanges") {
				address := "projects/" + d.Project() + "/global/addresses/" + last(name)
				if _, exists := w.Store.Get(TypeGlobalAddress, address); !exists {
					return apiError(400, "Cannot find the allocated range '%s' in the network", name)
				}
			}
			return nil
		},
		Refusal: func(r store.Resource) error {
			if provider.Properties(r.Inputs).Text("deletionPolicy") == "ABANDON" {
				return nil
			}
			if users := w.Store.List(TypeDatabaseInstance, TypeRedisInstance); len(users) > 0 {
				return apiError(400, "Failed to delete connection; Producer services (e.g. CloudSQL, Cloud Memstore, etc.) are still using this connection: %s", users[0].ID)
			}
			return nil
		},
	}
}

// peered says whether a network has private services access.
func (w *World) peered(network string) bool {
	for _, c := range w.Store.List(TypeConnection) {
		if last(provider.Properties(c.Inputs).Text("network")) == last(network) {
			return true
		}
	}
	return false
}
