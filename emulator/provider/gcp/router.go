package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeRouter is a Cloud Router.
const TypeRouter = "gcp:compute/router:Router"

func (w *Cloud) router() provider.Kind {
	return provider.Kind{
		Type: TypeRouter, NameProperty: "name", ID: regional("routers"),
		Free:     "networks and their rules are free",
		Computed: []string{"selfLink", "creationTimestamp"},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["region"] = d.Region()
			d.Outputs["selfLink"] = computeLink + regional("routers")(d)
			return nil
		},
	}
}
