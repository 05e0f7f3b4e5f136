package gcp

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeConnection is private services access: the peering by which Cloud SQL and
// Memorystore get private addresses.
const TypeConnection = "gcp:servicenetworking/connection:Connection"

// errUnknownAgent is what a connection ends with while the agent of Service Networking is
// new (https://github.com/GoogleCloudPlatform/magic-modules/pull/16489).
var errUnknownAgent = errors.New("error waiting for Create Service Networking Connection: Error code 16, message: Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential")

func (w *Cloud) connection() provider.Kind {
	return provider.Kind{
		Type:     TypeConnection,
		Free:     "networks and their rules are free",
		Computed: []string{"peering"},
		Decided:  []string{"reservedPeeringRanges"},
		ID: func(d *provider.Draft) string {
			return url.PathEscape(relative(d.Inputs.Text("network"))) + ":" + d.Inputs.Text("service")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			if w.AgentsExist != nil && !w.AgentsExist() {
				return errUnknownAgent
			}
			d.Outputs["peering"] = "servicenetworking-googleapis-com"
			// In an order of its own: https://github.com/hashicorp/terraform-provider-google/issues/20398
			ranges := slices.Clone(d.Inputs.List("reservedPeeringRanges"))
			slices.Reverse(ranges)
			d.Outputs["reservedPeeringRanges"] = ranges
			for _, name := range d.Inputs.Texts("reservedPeeringRanges") {
				address := "projects/" + d.Project() + "/global/addresses/" + last(name)
				if _, exists := w.Store.Get(TypeGlobalAddress, address); !exists {
					return apiError(400, "Cannot find the allocated range '%s' in the network", name)
				}
			}
			return nil
		},
		Adopt:     joinConnection,
		Abandoned: abandoned,
		Refusal: func(r store.Resource) error {
			if abandoned(r.Inputs) {
				return nil
			}
			if users := w.Store.List(TypeDatabaseInstance, TypeRedisInstance); len(users) > 0 {
				return apiError(400, "Failed to delete connection; Producer services (e.g. CloudSQL, Cloud Memstore, etc.) are still using this connection: %s", users[0].ID)
			}
			return nil
		},
	}
}

// abandoned connections stay unchanged when Pulumi deletes them.
func abandoned(inputs provider.Properties) bool { return inputs.Text("deletionPolicy") == "ABANDON" }

// joinConnection does what the provider does where a network has its connection
// already: the API refuses to create it with other ranges, and the provider then
// writes the declared ranges over those that were there, if it was told to
// (google-beta/services/servicenetworking/resource_service_networking_connection.go,
// Create).
func joinConnection(d *provider.Draft, present store.Resource) error {
	before := provider.Properties(present.Outputs).Texts("reservedPeeringRanges")
	same := slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(d.Inputs.Texts("reservedPeeringRanges"))))
	if same || d.Inputs.True("updateOnCreationFail") {
		return nil
	}
	return apiError(400, "Cannot modify allocated ranges in CreateConnection. Please use UpdateConnection. Existing allocated IP ranges: [%s].", strings.Join(before, " "))
}

// peered says whether a network has private services access.
func (w *Cloud) peered(network string) bool {
	for _, c := range w.Store.List(TypeConnection) {
		if last(provider.Properties(c.Inputs).Text("network")) == last(network) {
			return true
		}
	}
	return false
}
