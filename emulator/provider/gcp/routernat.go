package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

func (w *Cloud) routerNAT() provider.Kind {
	return provider.Kind{
		Type: "gcp:compute/routerNat:RouterNat", NameProperty: "name",
		ID: func(d *provider.Draft) string {
			return d.Project() + "/" + d.Region() + "/" + last(d.Inputs.Text("router")) + "/" + d.Inputs.Text("name")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := oneOf(d, "natIpAllocateOption", "MANUAL_ONLY", "AUTO_ONLY")
			return append(failures, oneOf(d, "sourceSubnetworkIpRangesToNat", "ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", "LIST_OF_SUBNETWORKS")...)
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["region"] = d.Region()
			router := "projects/" + d.Project() + "/regions/" + d.Region() + "/routers/" + last(d.Inputs.Text("router"))
			if _, exists := w.Store.Get(TypeRouter, router); !exists {
				return apiError(404, "The resource '%s' was not found", router)
			}
			return nil
		},
	}
}
