package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeNodePool is a pool of nodes of a cluster.
const TypeNodePool = "gcp:container/nodePool:NodePool"

func (w *Cloud) nodePool() provider.Kind {
	return provider.Kind{
		Type: TypeNodePool, NameProperty: "name",
		Computed: []string{"instanceGroupUrls", "managedInstanceGroupUrls", "operation", "version"},
		ID: func(d *provider.Draft) string {
			place := d.Inputs.Text("location")
			if place == "" {
				place = d.Region()
			}
			return "projects/" + d.Project() + "/locations/" + place + "/clusters/" + last(d.Inputs.Text("cluster")) + "/nodePools/" + d.Inputs.Text("name")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			fallback(d, "version", "1.33.5-gke.1162000")
			d.Outputs["instanceGroupUrls"], d.Outputs["managedInstanceGroupUrls"] = []any{}, []any{}
			return nil
		},
	}
}
