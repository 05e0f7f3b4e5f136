package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeNetwork is a VPC network.
const TypeNetwork = "gcp:compute/network:Network"

func (w *Cloud) network() provider.Kind {
	return provider.Kind{
		Type: TypeNetwork, NameProperty: "name", ID: global("networks"),
		Free:     "networks and their rules are free",
		Computed: []string{"selfLink", "gatewayIpv4", "numericId", "internalIpv6Range"},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = computeLink + global("networks")(d)
			fallback(d, "routingMode", "REGIONAL")
			fallback(d, "autoCreateSubnetworks", true)
			return nil
		},
		Refusal: func(r store.Resource) error {
			for _, s := range w.Store.List(TypeSubnetwork) {
				if relative(provider.Properties(s.Inputs).Text("network")) == r.ID {
					return apiError(400, "The network resource '%s' is already being used by '%s'", r.ID, s.ID)
				}
			}
			// A peering keeps the network, also one whose connection was abandoned
			// (https://github.com/GoogleCloudPlatform/magic-modules/pull/18476).
			for _, c := range w.Store.List(TypeConnection) {
				if relative(provider.Properties(c.Inputs).Text("network")) == r.ID {
					return apiError(400, "The network resource '%s' is already being used by '%s/peerings/servicenetworking-googleapis-com'", r.ID, r.ID)
				}
			}
			return nil
		},
	}
}
