package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/local/provider"
)

func (w *World) firewall() provider.Kind {
	return provider.Kind{
		Type: "gcp:compute/firewall:Firewall", NameProperty: "name", ID: global("firewalls"),
		Required:  []string{"network"},
		Immutable: []string{"name", "project", "network", "direction"},
		Computed:  []string{"selfLink", "creationTimestamp"},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := append(checkName(d, "name", computeName), oneOf(d, "direction", "INGRESS", "EGRESS")...)
			if d.Inputs.Has("allows") == d.Inputs.Has("denies") {
				failures = append(failures, provider.Refuse("allows", "one of `allows,denies` must be specified"))
			}
			if d.Inputs.Text("direction") == "EGRESS" && d.Inputs.Has("sourceRanges") {
				failures = append(failures, provider.Refuse("sourceRanges", "Error 400: Invalid value for field 'resource.sourceRanges': sourceRanges cannot be used with direction EGRESS"))
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = computeLink + global("firewalls")(d)
			fallback(d, "direction", "INGRESS")
			fallback(d, "priority", float64(1000))
			return nil
		},
	}
}
