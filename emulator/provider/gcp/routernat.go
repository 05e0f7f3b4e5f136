package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeRouterNAT is a Cloud NAT.
const TypeRouterNAT = "gcp:compute/routerNat:RouterNat"

func (w *Cloud) routerNAT() provider.Kind {
	return provider.Kind{
		Type: TypeRouterNAT, NameProperty: "name",
		ID: func(d *provider.Draft) string {
			return d.Project() + "/" + d.Region() + "/" + last(d.Inputs.Text("router")) + "/" + d.Inputs.Text("name")
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
