package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/local/provider"
)

// TypeRouter is a Cloud Router.
const TypeRouter = "gcp:compute/router:Router"

func (w *World) router() provider.Kind {
	return provider.Kind{
		Type: TypeRouter, NameProperty: "name", ID: regional("routers"),
		Required:  []string{"network"},
		Immutable: []string{"name", "project", "region", "network", "encryptedInterconnectRouter"},
		Computed:  []string{"selfLink", "creationTimestamp"},
		Check:     func(d *provider.Draft) []provider.Failure { return checkName(d, "name", computeName) },
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["region"] = d.Region()
			d.Outputs["selfLink"] = computeLink + regional("routers")(d)
			return nil
		},
	}
}
